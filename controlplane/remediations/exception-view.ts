import type { Exception } from '../../lambda/policy/schema/exception.ts';
import type { StoredException } from '../store/exceptions.ts';

export const exceptionStates = ['active', 'expiring', 'expired', 'ended'] as const;

/** Times are ISO 8601 in JSON. */
export interface ExceptionView extends Exception {
  readonly state: (typeof exceptionStates)[number];
  /** Where it is stored: the policy file or the store. */
  readonly kept: 'file' | 'store';
  /** For stored ones: the remediation it came from, and who created and ended it. */
  readonly remediation: string | null;
  readonly createdBy: string | null;
  readonly createdAt: Date | null;
  readonly endedBy: string | null;
  readonly endedAt: Date | null;
}

const week = 7 * 24 * 3_600_000;

const stateOf = ({ expires }: Exception, endedAt: Date | null, now: Date): ExceptionView['state'] => {
  if (endedAt) return 'ended';
  if (expires === undefined) return 'active';
  const left = Date.parse(expires) - now.getTime();
  if (left <= 0) return 'expired';
  return left <= week ? 'expiring' : 'active';
};

/** Pure. */
export const viewOfStored = (stored: StoredException, now: Date): ExceptionView => ({
  ...stored.exception,
  state: stateOf(stored.exception, stored.endedAt, now),
  kept: 'store',
  remediation: `${stored.eventId}:${stored.groupId}`,
  createdBy: stored.createdBy,
  createdAt: stored.createdAt,
  endedBy: stored.endedBy,
  endedAt: stored.endedAt,
});

/** The file's exceptions in its order, then the stored ones. Pure. */
export const exceptionViews = (
  file: readonly Exception[],
  stored: readonly StoredException[],
  now: Date,
): ExceptionView[] => [
  ...file.map((exception) => ({
    ...exception,
    state: stateOf(exception, null, now),
    kept: 'file' as const,
    ...{ remediation: null, createdBy: null, createdAt: null, endedBy: null, endedAt: null },
  })),
  ...stored.map((each) => viewOfStored(each, now)),
];
