import { type AccountStore, accountStore } from './accounts.ts';
import { type ArchivedStackStore, archivedStackStore } from './archived-stacks.ts';
import { type AuditStore, auditStore } from './audit/entries.ts';
import { type CellVerificationStore, cellVerificationStore } from './cell-verifications.ts';
import { type ConfirmationStore, confirmationStore } from './confirmations.ts';
import { type CoverageStore, coverageStore } from './coverage.ts';
import { type Clock, databaseClock } from './database/clock.ts';
import type { Database } from './database/database.ts';
import { type DeletionStore, deletionStore } from './deletions.ts';
import { type ExceptionStore, exceptionStore } from './exceptions.ts';
import { type FactStore, factStore } from './facts.ts';
import { type LifecycleEventStore, lifecycleEventStore } from './lifecycle-events.ts';
import { type OffboardingStore, offboardingStore } from './offboarding.ts';
import { type PolicyStore, policyStore } from './policies.ts';
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
  readonly cellVerifications: CellVerificationStore;
  readonly offboarding: OffboardingStore;
  readonly deletions: DeletionStore;
  readonly confirmations: ConfirmationStore;
  readonly policies: PolicyStore;
  readonly archivedStacks: ArchivedStackStore;
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
  cellVerifications: cellVerificationStore(database),
  offboarding: offboardingStore(database),
  deletions: deletionStore(database),
  confirmations: confirmationStore(database),
  policies: policyStore(database),
  archivedStacks: archivedStackStore(database),
  coverage: coverageStore(database),
  audit: auditStore(database),
  now: databaseClock(database),
});
