import { type AccountStore, accountStore } from './accounts.ts';
import { type AuditStore, auditStore } from './audit.ts';
import type { Database } from './database.ts';
import { type ExceptionStore, exceptionStore } from './exceptions.ts';
import { type LifecycleEventStore, lifecycleEventStore } from './lifecycle-events.ts';
import { type RemediationStore, remediationStore } from './remediations.ts';
import { type RestoreStore, restoreStore } from './restores.ts';
import { type RunStore, runStore } from './runs.ts';
import { type StackStore, stackStore } from './stacks.ts';

/** Everything the control plane remembers, over one database. */
export interface Store {
  readonly accounts: AccountStore;
  readonly stacks: StackStore;
  readonly runs: RunStore;
  readonly remediations: RemediationStore;
  readonly lifecycleEvents: LifecycleEventStore;
  readonly exceptions: ExceptionStore;
  readonly restores: RestoreStore;
  readonly audit: AuditStore;
}

export const openStore = (database: Database): Store => ({
  accounts: accountStore(database),
  stacks: stackStore(database),
  runs: runStore(database),
  remediations: remediationStore(database),
  lifecycleEvents: lifecycleEventStore(database),
  exceptions: exceptionStore(database),
  restores: restoreStore(database),
  audit: auditStore(database),
});
