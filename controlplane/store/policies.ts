import type { PolicyChange } from '../settings/policy-change.ts';
import { writeAudit } from './audit/entries.ts';
import type { Confirmation } from './confirmations.ts';
import type { Database, Query } from './database/database.ts';
import { firstRow, firstValue } from './database/query.ts';

/** A policy that is in force, or was: its text as the file had it. */
export interface ConfirmedPolicy {
  /** Of its meaning, by the program that recorded it. */
  readonly digest: string;
  readonly text: string;
  /** The caller who confirmed it; where no one had to, the owner of the file and its host. */
  readonly confirmedBy: string;
  readonly confirmedAt: Date;
}

export const policyStore = ({ query }: Database) => ({
  /** The last one: what the hub is to have. Undefined before the hub is reconciled for the first time. */
  confirmed: (): Promise<ConfirmedPolicy | undefined> => confirmedPolicy(query),
});

export async function confirmedPolicy(query: Query): Promise<ConfirmedPolicy | undefined> {
  return firstRow(query, 'select * from confirmed_policy order by id desc limit 1');
}

/** Puts a policy in force, with its line in the audit log. `details` says more of where it came from. */
export async function confirmPolicy(
  query: Query,
  { digest, text, confirmedBy, confirmedAt }: ConfirmedPolicy,
  change: PolicyChange,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await query(
    'insert into confirmed_policy (digest, text, confirmed_by, confirmed_at) values ($1, $2, $3, $4)',
    [digest, text, confirmedBy, confirmedAt],
  );
  await writeAudit(query, { who: confirmedBy, what: 'policy changed', details: { ...change, ...details } });
}

/** Puts in force what a person confirmed: the text of the question, also when the file has changed since. */
export async function confirmAsked(
  query: Query,
  { id, policy }: Confirmation,
  confirmedBy: string,
  confirmedAt: Date,
): Promise<void> {
  const text = await firstValue<string | null>(query, 'select policy_text from confirmation where id = $1', [
    id,
  ]);
  if (!policy || typeof text !== 'string') throw new Error(`confirmation ${id} holds no policy`);
  const confirmed = { digest: policy.to, text, confirmedBy, confirmedAt };
  await confirmPolicy(query, confirmed, policy, { confirmation: id });
}
