import { GetTrailStatusCommand, type Trail } from '@aws-sdk/client-cloudtrail';
import type { Uses } from '../services/services.ts';
import { readSelectors, type TrailOwner } from './observe.ts';

/** A refusal is asked again after this, milliseconds: access may have been given meanwhile. */
const refusedMs = 60_000;

interface Kept {
  readonly listing: number;
  readonly answer: Promise<unknown>;
  refusedAt?: number;
}

/**
 * Reads organization trails in the account that owns them, each call once for each listing of the organization, however
 * many members show the trail. Safe for concurrent use.
 * @param listedAt when the organization was listed last; another value forgets the answers
 */
export function trailOwner(
  { aws }: Uses<{ aws: 'cloudTrail' }>,
  listedAt: () => Promise<Date | undefined>,
): TrailOwner {
  const kept = new Map<string, Kept>();
  const once = async <T>(what: string, { TrailARN = '' }: Trail, ask: () => Promise<T>): Promise<T> => {
    const listing = (await listedAt())?.getTime() ?? 0;
    const key = `${what} ${TrailARN}`;
    const known = kept.get(key);
    const isStale = known?.refusedAt !== undefined && Date.now() - known.refusedAt > refusedMs;
    if (known && known.listing === listing && !isStale) return known.answer as Promise<T>;
    const next: Kept = { listing, answer: ask() };
    next.answer.catch(() => {
      next.refusedAt = Date.now();
    });
    kept.set(key, next);
    return next.answer as Promise<T>;
  };
  const clientOf = ({ TrailARN = '', HomeRegion }: Trail) => {
    const [, , , region = '', accountId = ''] = TrailARN.split(':');
    return aws.cloudTrail(accountId, HomeRegion ?? region);
  };
  return {
    status: (trail) =>
      once('status', trail, async () =>
        (await clientOf(trail)).send(new GetTrailStatusCommand({ Name: trail.TrailARN })),
      ),
    selectors: (trail) => once('selectors', trail, async () => readSelectors(await clientOf(trail), trail)),
  };
}
