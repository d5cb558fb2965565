import { describeError, errorClassOf } from '../aws/errors.ts';
import type { Outcome, RemediationResult } from '../contract/result.ts';
import type { ApiCall } from '../event/read.ts';

/** The result of one group, and the error that ends the invocation once it is reported. */
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
  /** Set when it is not the call of the event. */
  call?: ApiCall;
  /** A digest of the result of a repeated inspection, for comparison with the last one. */
  look?: string;
  /** Nothing changed since the last inspection, so no result is published. */
  unreported?: boolean;
  /** The id of the attempt, when it is not the event's id. */
  attempt?: string;
  /** What to do after the result is published. */
  settle?: () => Promise<void>;
}

/** A remediation that changed nothing. */
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

/** The remediation for an error before any act. @throws the error itself when a retry can fix it. */
export function stopped(error: unknown, account: string, groupId: string | null): Remediation {
  const errorClass = errorClassOf(error);
  if (errorClass === 'retryable') throw error;
  if (errorClass === 'group-gone')
    return untouched('group-gone', 'the security group was not found', account, groupId);
  const outcome = errorClass === 'access-denied' ? 'access-denied' : 'failed';
  return { ...untouched(outcome, describeError(error), account, groupId), failure: error };
}
