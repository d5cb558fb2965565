import { describeError, errorClassOf } from '../aws/errors.ts';
import type { Outcome, RemediationResult } from '../contract/result.ts';
import type { ApiCall } from '../event/read.ts';

/** What came of one group, and the error to end the invocation with once that is reported. */
export interface Remediation
  extends Pick<
    RemediationResult,
    | 'account'
    | 'groupId'
    | 'groupName'
    | 'vpcId'
    | 'owner'
    | 'outcome'
    | 'reason'
    | 'mode'
    | 'findings'
    | 'excepted'
    | 'exceptionTag'
    | 'undecided'
    | 'canary'
    | 'disagreements'
    | 'repeated'
  > {
  revokedAt: Date | null;
  failure: unknown;
  /** Where it is not the call of the event. */
  call?: ApiCall;
  /** What came of a group that is inspected again and again, in short; to be compared with the last time. */
  look?: string;
  /** It is as it was the last time, and no result is wanted. */
  unreported?: boolean;
  /** What the attempt went by, where not by the event's id. */
  attempt?: string;
  /** What is left to do once the result is out. */
  settle?: () => Promise<void>;
}

/** A remediation that touched nothing. */
export function untouched(
  outcome: Outcome,
  reason: string | null,
  account: string,
  groupId: string | null = null,
): Remediation {
  return {
    ...{ account, groupId, outcome, reason, failure: undefined },
    ...{ groupName: null, vpcId: null, owner: null, mode: null, exceptionTag: null, revokedAt: null },
    ...{ findings: [], excepted: [], undecided: [] },
  };
}

/** What an error before any act comes to. @throws the error itself where a retry can heal it. */
export function stopped(error: unknown, account: string, groupId: string | null): Remediation {
  const errorClass = errorClassOf(error);
  if (errorClass === 'retryable') throw error;
  if (errorClass === 'group-gone')
    return untouched('group-gone', 'the security group is gone', account, groupId);
  const outcome = errorClass === 'access-denied' ? 'access-denied' : 'failed';
  return { ...untouched(outcome, describeError(error), account, groupId), failure: error };
}
