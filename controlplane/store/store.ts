import { type AccountStore, accountStore } from './accounts.ts';
import { type TombstoneStore, tombstoneStore } from './archived-stacks.ts';
import { type AuditStore, auditStore } from './audit/entries.ts';
import { type ConfirmationStore, confirmationStore } from './confirmations.ts';
import { type CoverageStore, coverageStore } from './coverage.ts';
import { type Clock, databaseClock } from './database/clock.ts';
import type { Database } from './database/database.ts';
import { type ExceptionStore, exceptionStore } from './exceptions.ts';
import { type FactStore, factStore } from './facts.ts';
import { type LifecycleEventStore, lifecycleEventStore } from './lifecycle-events.ts';
import { type DepartureStore, departureStore } from './offboarding.ts';
import { type ProofStore, proofStore } from './proofs.ts';
import { type RemediationStore, remediationStore } from './remediations.ts';
import { type RestoreStore, restoreStore } from './restores.ts';
import { type RunStackStore, runStackStore } from './run-stacks.ts';
import { type RunStore, runStore } from './runs.ts';
import { type StackStore, stackStore } from './stacks.ts';
import { type WorkerStore, workerStore } from './workers.ts';

/** Everything the control plane remembers, over one database. */
export interface Store {
  readonly accounts: AccountStore;
  readonly stacks: StackStore;
  readonly runs: RunStore;
  readonly runStacks: RunStackStore;
  readonly facts: FactStore;
  readonly workers: WorkerStore;
  readonly remediations: RemediationStore;
  readonly lifecycleEvents: LifecycleEventStore;
  readonly exceptions: ExceptionStore;
  readonly restores: RestoreStore;
  readonly proofs: ProofStore;
  readonly departures: DepartureStore;
  readonly confirmations: ConfirmationStore;
  readonly tombstones: TombstoneStore;
  readonly coverage: CoverageStore;
  readonly audit: AuditStore;
  /** Whatever is decided by time is decided by this one. */
  readonly now: Clock;
}

export const openStore = (database: Database): Store => ({
  accounts: accountStore(database),
  stacks: stackStore(database),
  runs: runStore(database),
  runStacks: runStackStore(database),
  facts: factStore(database),
  workers: workerStore(database),
  remediations: remediationStore(database),
  lifecycleEvents: lifecycleEventStore(database),
  exceptions: exceptionStore(database),
  restores: restoreStore(database),
  proofs: proofStore(database),
  departures: departureStore(database),
  confirmations: confirmationStore(database),
  tombstones: tombstoneStore(database),
  coverage: coverageStore(database),
  audit: auditStore(database),
  now: databaseClock(database),
});
