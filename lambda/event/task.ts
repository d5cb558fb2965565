import type { ApiCall } from './read.ts';

/** A group to look at because of a call. */
export interface Task {
  call: ApiCall;
  /** Whose group it is: not the caller's where a prefix list is shared. */
  account: string;
  groupId: string;
  /** The rules of it that the event named. */
  ruleIds: readonly string[];
  /** The caller wore the remediation role. */
  own: boolean;
  /** The call changed a tag of the group that the policy goes by, and opened nothing. */
  retagged: boolean;
}
