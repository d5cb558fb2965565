import { PortcullisError } from '../../settings/errors.ts';
import type { Query } from './query.ts';

/** Who writes: the token of the lease under which it found out what it writes. */
export interface Holder {
  readonly token: string;
}

/** Another worker holds the key now, so this worker's result must not be recorded. */
export class LeaseLost extends PortcullisError {
  constructor(key: string) {
    super('lease-lost', `the lease of ${key} was lost`);
    this.name = 'LeaseLost';
  }
}

/** The condition that a write under a lease carries, of SQL expressions for key and token. */
export const leaseGuard = (key: string, token: string): string =>
  `exists (select 1 from lease where lease.key = ${key} and lease.token = ${token}::bigint and lease.expires_at > now())`;

/** Lets the transaction go on only under the lease, which no other worker takes before it ends. @throws LeaseLost */
export async function guardLease(query: Query, key: string, { token }: Holder): Promise<void> {
  const held = await query(
    'select 1 from lease where key = $1 and token = $2::bigint and expires_at > now() for share',
    [key, token],
  );
  if (held.length === 0) throw new LeaseLost(key);
}
