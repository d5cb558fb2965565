import type { Policy } from '../../lambda/policy/parse.ts';
import type { AccountTable } from '../../programs/bundle.ts';
import type { Uses } from '../services/services.ts';
import type { Query } from '../store/database/database.ts';
import type { CellReading } from '../store/findings/finding.ts';
import type { CellChanges } from '../store/findings/findings.ts';
import type { Cell } from './read-cell.ts';

/** The policy that cells are evaluated by, with the stored exceptions and the facts that its scopes need. */
export interface SweepPolicy {
  readonly policy: Policy;
  readonly digest: string;
  readonly accounts: AccountTable;
}

/** A cell is read whole, or is not checked. */
export type CellRead =
  | { readonly kind: 'read'; readonly reading: CellReading; readonly notes: readonly string[] }
  | { readonly kind: 'not-checked'; readonly reason: string };

export interface SweepContext
  extends Uses<{
    store: 'accounts' | 'sweeps' | 'now' | 'uninstall';
    settings: 'sweepParallel' | 'sweepHours' | 'securityHub';
    database: 'transaction' | 'kind';
    meter: 'swept';
    log: true;
  }> {
  /** The policy in force now. @throws PortcullisError `invalid-policy`, `organization-unreadable` */
  policy(): Promise<SweepPolicy>;
  /** The Regions that the account has enabled. */
  regionsOf(accountId: string): Promise<readonly string[]>;
  /** Reads a cell whole. Never throws for a failure of AWS. */
  read(cell: Cell, policy: SweepPolicy, sweep: Pick<CellReading, 'sweepId' | 'readAt'>): Promise<CellRead>;
  /** The reason that an account or a cell cannot be entered, for a person. */
  explain(accountId: string, error: unknown): Promise<string>;
  /** After how many milliseconds a cell is read again whose read failed so often; undefined: it is not checked. */
  againAfter(attempts: number, reason: string): number | undefined;
  /** Records readings in the list of findings, as a part of the query's transaction; what each changed, in order. */
  record(query: Query, readings: readonly CellReading[]): Promise<readonly CellChanges[]>;
  /** Leaves what follows from a recorded reading, as a part of the query's transaction. */
  leave(query: Query, reading: CellReading, changes: CellChanges, policy: SweepPolicy): Promise<void>;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}
