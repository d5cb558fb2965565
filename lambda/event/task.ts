import type { RuleEdit, TagChange } from './parameters.ts';
import type { ApiCall } from './read.ts';

export interface Task {
  call: ApiCall;
  /** The account that owns the group. It is not the caller's when a prefix list is shared. */
  account: string;
  groupId: string;
  /** The rules of the group that the event named. */
  ruleIds: readonly string[];
  /** What the group shows once EC2's answer is up to date with the event. */
  expected: Expected;
  /** The caller used the remediation role. */
  own: boolean;
  /** The call only changed a tag that the policy reads. */
  retagged: boolean;
  /** The schedule requested the inspection. */
  scheduled: boolean;
  /** The id of the attempt when it is not the event's id: a later run of the schedule continues an earlier one. */
  attempt?: string;
  /** Milliseconds after the call until its effect; 0 when it is there as the call returns. */
  lag: number;
}

/** What an event says about a group: existing rules, edited rules, changed tags. */
export interface Expected {
  ruleIds: readonly string[];
  edits: readonly RuleEdit[];
  tags: readonly TagChange[];
}

export const expectNothing: Expected = { ruleIds: [], edits: [], tags: [] };

/** The inspection of a group that no event named. */
export const taskWithoutEvent = (call: ApiCall, groupId: string, scheduled: boolean): Task => ({
  ...{ call, account: call.account, groupId, ruleIds: [], expected: expectNothing },
  ...{ own: false, retagged: false, scheduled, lag: 0 },
});
