import { hubKey, placeOfKey } from '../stacks/key.ts';
import type { Query } from '../store/database/database.ts';
import { priorities } from './key-queue.ts';

export interface LeaseRequest {
  readonly key: string;
  /** Counts against the limit for its Region. */
  readonly region?: string | undefined;
  /** What is more urgent gets the last place that a limit leaves. */
  readonly priority?: number | undefined;
}

/** How many stacks may be worked on at once over all workers: in all, in one account and in one Region. */
export interface Limits {
  readonly fleet?: number | undefined;
  readonly account?: number | undefined;
  readonly region?: number | undefined;
}

/** Longer than a worker takes to ask again for what was turned away, milliseconds. */
const expectedMs = 500;

/** What a stack counts against, each with its limit. */
function countedAs({ key, region }: LeaseRequest, limits: Limits) {
  const account = placeOfKey(key)?.accountId;
  if (key !== hubKey && !account) return [];
  return [
    { of: 'fleet', most: limits.fleet },
    { of: account, most: limits.account },
    { of: region, most: limits.region },
  ].flatMap(({ of, most }) => (of && most ? [{ of, most }] : []));
}

/** Only what the limits leave room for, earlier ones first. Called under the counting lock. */
async function admissible(query: Query, asked: readonly LeaseRequest[], limits: Limits) {
  const live = await query<LeaseRequest>('select key, region from lease where expires_at > now()');
  const taken = new Map<string, number>();
  const take = (request: LeaseRequest) => {
    for (const { of } of countedAs(request, limits)) taken.set(of, (taken.get(of) ?? 0) + 1);
  };
  for (const lease of live) take(lease);
  return asked.filter((request) => {
    if (countedAs(request, limits).some(({ of, most }) => (taken.get(of) ?? 0) >= most)) return false;
    take(request);
    return true;
  });
}

/** The limits, and the places that are kept for new accounts which a limit turned away, and that are back in a moment. */
export function placesWithin(limits: Limits) {
  const expected = new Map<string, { readonly request: LeaseRequest; readonly until: number }>();
  const urgency = ({ priority = priorities.resync }: LeaseRequest) => priority;
  return {
    expects: (key: string) => expected.has(key),
    /** Those of the keys that have a place, in the order given: a place for what is expected is kept from others. */
    async admit(query: Query, asked: readonly LeaseRequest[]): Promise<LeaseRequest[]> {
      for (const { key } of asked) expected.delete(key);
      for (const [key, { until }] of expected) if (until < performance.now()) expected.delete(key);
      const all = [...asked, ...[...expected.values()].map(({ request }) => request)];
      // Of equally urgent ones those that are here go first.
      const sorted = all.sort((a, b) => urgency(b) - urgency(a));
      const within = new Set(await admissible(query, sorted, limits));
      for (const request of asked) {
        if (within.has(request) || urgency(request) < priorities.onboarding) continue;
        expected.set(request.key, { request, until: performance.now() + expectedMs });
      }
      return asked.filter((request) => within.has(request));
    },
  };
}
