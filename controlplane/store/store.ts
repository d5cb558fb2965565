import { accountStore } from './accounts.ts';
import { archivedStackStore } from './archived-stacks.ts';
import { auditEntries } from './audit/entries.ts';
import { auditLines } from './audit/lines.ts';
import { auditSeals } from './audit/seals.ts';
import { cellVerificationStore } from './cell-verifications.ts';
import { confirmationStore } from './confirmations.ts';
import { databaseClock } from './database/clock.ts';
import type { Database } from './database/database.ts';
import { deletionStore } from './deletions.ts';
import { exceptionStore } from './exceptions.ts';
import { factStore } from './facts.ts';
import { findingStore } from './findings/findings.ts';
import { cellReads } from './fleet/cells.ts';
import { coverageStore } from './fleet/coverage.ts';
import { statusReads } from './fleet/status.ts';
import { lifecycleEventStore } from './lifecycle-events.ts';
import { offboardingStore } from './offboarding.ts';
import { policyStore } from './policies.ts';
import { remediationStore } from './remediations.ts';
import { restoreStore } from './restores.ts';
import { runStackStore } from './run-stacks.ts';
import { runStore } from './runs.ts';
import { stackStore } from './stacks.ts';
import { sweepStore } from './sweeps/sweep.ts';
import { uninstallStore } from './uninstall.ts';
import { workerStore } from './workers.ts';

/** Everything the control plane remembers, over one database. */
export const openStore = (database: Database) => ({
  accounts: accountStore(database),
  stacks: stackStore(database),
  runs: runStore(database),
  runStacks: runStackStore(database),
  facts: factStore(database),
  workers: workerStore(database),
  remediations: remediationStore(database),
  findings: findingStore(database),
  lifecycleEvents: lifecycleEventStore(database),
  exceptions: exceptionStore(database),
  restores: restoreStore(database),
  cellVerifications: cellVerificationStore(database),
  sweeps: sweepStore(database),
  offboarding: offboardingStore(database),
  deletions: deletionStore(database),
  confirmations: confirmationStore(database),
  policies: policyStore(database),
  archivedStacks: archivedStackStore(database),
  coverage: coverageStore(database),
  uninstall: uninstallStore(database),
  /** Who requested what, and what was changed where. The database itself refuses to change or delete a line. */
  audit: { ...auditEntries(database), ...auditLines(database), ...auditSeals(database) },
  /** The state of the organization: every cell, and counts. */
  fleet: { ...cellReads(database), ...statusReads(database) },
  /** Time by the database's clock: every decision that depends on time uses it. */
  now: databaseClock(database),
});

export type Store = Readonly<ReturnType<typeof openStore>>;
