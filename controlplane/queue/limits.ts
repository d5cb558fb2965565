import { hubKey, placeOfKey } from '../stacks/key.ts';
import type { Query } from '../store/database/database.ts';
import { priorities } from './key-queue.ts';

export interface LeaseRequest {
  readonly key: string;
  readonly region?: string | undefined;
  /** The most urgent key gets the last free place. */
  readonly priority?: number | undefined;
}

/** Maximum number of stacks in progress over all workers: in total, per account and per Region. */
export interface Limits {
  readonly fleet?: number | undefined;
  readonly account?: number | undefined;
  readonly region?: number | undefined;
}

/** Longer than a worker takes to request a rejected key again, milliseconds. */
const expectedMs = 500;

function countedAs({ key, region }: LeaseRequest, limits: Limits) {
  const account = placeOfKey(key)?.accountId;
  if (key !== hubKey && !account) return [];
  return [
    { of: 'fleet', most: limits.fleet },
    { of: account, most: limits.account },
    { of: region, most: limits.region },
  ].flatMap(({ of, most }) => (of && most ? [{ of, most }] : []));
}

/** The requests that fit the limits, in order. Called under the counting lock. */
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

/** Applies the limits, and reserves places for rejected keys of new accounts until they are requested again. */
export function placesWithin(limits: Limits) {
  const expected = new Map<string, { readonly request: LeaseRequest; readonly until: number }>();
  const urgency = ({ priority = priorities.resync }: LeaseRequest) => priority;
  return {
    expects: (key: string) => expected.has(key),
    /** The keys that get a place, in the given order. Reserved places are not given to others. */
    async admit(query: Query, asked: readonly LeaseRequest[]): Promise<LeaseRequest[]> {
      for (const { key } of asked) expected.delete(key);
      for (const [key, { until }] of expected) if (until < performance.now()) expected.delete(key);
      const all = [...asked, ...[...expected.values()].map(({ request }) => request)];
      // At equal priority, present requests come before reserved places.
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
