import type { RuleEdit, TagChange } from './parameters.ts';
import type { ApiCall } from './read.ts';

/** A group to inspect because of a call. */
export interface Task {
  call: ApiCall;
  /** Whose group it is: not the caller's where a prefix list is shared. */
  account: string;
  groupId: string;
  /** The rules of it that the event named. */
  ruleIds: readonly string[];
  /** What the group shows once reading it is up to date with the event. */
  expected: Expected;
  /** The caller wore the remediation role. */
  own: boolean;
  /** The call changed a tag of the group that the policy goes by, and opened nothing. */
  retagged: boolean;
  /** The schedule asks for it, and no call. */
  scheduled: boolean;
  /** What its attempts go by, where not by the event's id: a later run of the schedule carries on an earlier one's. */
  attempt?: string;
  /** How long after the call its effect may come, milliseconds; 0 where it is there when the call returns. */
  lag: number;
}

/** What an event says of a group: rules that are there, what edited ones are, and tags that were changed. */
export interface Expected {
  ruleIds: readonly string[];
  edits: readonly RuleEdit[];
  tags: readonly TagChange[];
}

export const expectNothing: Expected = { ruleIds: [], edits: [], tags: [] };
