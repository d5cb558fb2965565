/** Who writes: the token of the lease under which it found out what it writes. */
export interface Holder {
  readonly token: string;
}

/** Another worker holds the key by now: whatever this one found out is of no use any more. */
export class LeaseLost extends Error {
  constructor(key: string) {
    super(`the lease of ${key} was lost`);
    this.name = 'LeaseLost';
  }
}

/** The condition that a write under a lease carries, of SQL expressions for key and token. */
export const leaseGuard = (key: string, token: string): string =>
  `exists (select 1 from lease where lease.key = ${key} and lease.token = ${token}::bigint and lease.expires_at > now())`;
