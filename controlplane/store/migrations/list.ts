import { accountTables } from './initial/accounts.ts';
import { auditTables } from './initial/audit.ts';
import { cellView } from './initial/cells.ts';
import { findingTables } from './initial/findings.ts';
import { offboardingTables } from './initial/offboarding.ts';
import { remediationTables } from './initial/remediations.ts';
import { stackTables } from './initial/stacks.ts';
import { sweepTables } from './initial/sweeps.ts';
import { verificationTables } from './initial/verifications.ts';
import { workerTables } from './initial/workers.ts';

interface Migration {
  /** What the database records of it. */
  readonly name: string;
  readonly sql: string;
}

const initial = [
  accountTables,
  workerTables,
  stackTables,
  offboardingTables,
  remediationTables,
  findingTables,
  verificationTables,
  sweepTables,
  auditTables,
  cellView,
];

/** Forward-only schema changes, applied in order, each once; the same on PGlite and Postgres. Never edit a released one. */
export const migrations: readonly Migration[] = [{ name: 'initial', sql: initial.join('\n') }];
