import type { Sessions } from './credentials.ts';
import { errorClassOf } from './errors.ts';

/** Whether edits of prefix lists that an account owns reach the Lambda as events. */
export type IsCovered = (account: string) => Promise<boolean>;

/** How long an account counts as not covered before it is asked again. */
const patience = 10 * 60_000;

/**
 * Tells accounts of the organization from others. One that the policy's account facts hold is of it. Else its
 * remediation role decides: every covered account has one, and the function's own role may assume it in accounts of
 * the organization alone (`aws:ResourceOrgID`), so that an outsider who makes such a role gains nothing.
 */
export function createOwners(
  sessions: Pick<Sessions, 'of'>,
  accounts: Readonly<Record<string, unknown>>,
  now: () => Date,
): (account: string, eventId: string) => Promise<boolean> {
  const uncovered = new Map<string, number>();
  return async (account, eventId) => {
    if (Object.hasOwn(accounts, account)) return true;
    if (!/^\d{12}$/.test(account)) return false;
    if ((uncovered.get(account) ?? 0) > now().getTime()) return false;
    try {
      await sessions.of(account, eventId);
      return true;
    } catch (error) {
      if (errorClassOf(error) === 'retryable') throw error;
      uncovered.set(account, now().getTime() + patience);
      return false;
    }
  };
}
