export type AccountState =
  | 'PENDING_ACTIVATION'
  | 'ACTIVE'
  | 'SUSPENDED'
  | 'PENDING_CLOSURE'
  | 'CLOSED'
  | 'UNKNOWN';

export interface OrganizationAccount {
  readonly id: string;
  readonly name: string;
  readonly state: AccountState;
  /** ISO 8601; a new account may deny calls for a minute. */
  readonly joinedAt: string | undefined;
  /** Ids of the root and organizational units above it, the root first. */
  readonly parents: readonly string[];
  /** Names of the organizational units above it, the topmost first. */
  readonly unitNames: readonly string[];
  readonly path: string;
}
