import type { Action, Channel, Outcome } from './result.ts';

/**
 * The rank of an outcome among the results of one event and group (reasons: docs/events.md). A duplicate, a retry or a
 * replay never weakens what another result has reported.
 */
export const outcomeStrength = {
  'access-denied': 12,
  failed: 11,
  escalated: 10,
  remediated: 9,
  notified: 8,
  observed: 7,
  undecided: 6,
  excepted: 5,
  clean: 4,
  ignored: 3,
  'rule-gone': 2,
  'group-gone': 1,
} as const satisfies Record<Outcome, number>;

/** Outcomes that hold only while a finding still has this action, because another attempt may have succeeded. */
export const heldBy: Partial<Record<Outcome, Action>> = {
  'access-denied': 'failed',
  failed: 'failed',
  escalated: 'escalated',
};

/** A rule id is never reused, so a report that the rule was deleted outranks one that it is open. */
export const actionStrength = {
  narrowed: 8,
  revoked: 7,
  'already-gone': 6,
  escalated: 5,
  failed: 4,
  'would-revoke': 3,
  notified: 2,
  observed: 1,
} as const satisfies Record<Action, number>;

export const channelStrength = {
  sent: 5,
  folded: 4,
  failed: 3,
  'not-needed': 2,
  'not-configured': 1,
} as const satisfies Record<Channel['status'], number>;

/** The strongest outcome first. */
export const outcomesByStrength: readonly Outcome[] = (Object.keys(outcomeStrength) as Outcome[]).sort(
  (one, other) => outcomeStrength[other] - outcomeStrength[one],
);
