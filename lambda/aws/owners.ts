import type { Sessions } from './credentials.ts';
import { errorClassOf } from './errors.ts';

/** Whether edits of an account's prefix lists reach the Lambda as events. */
export type IsCovered = (account: string) => Promise<boolean>;

/** How long an account counts as not covered before it is checked again. */
const patience = 10 * 60_000;

/**
 * Whether an account belongs to the organization: it is in the policy's account facts, or its remediation role can be
 * assumed. The function's role may assume it only inside the organization (`aws:ResourceOrgID`), so an outsider who
 * creates such a role gains nothing.
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
