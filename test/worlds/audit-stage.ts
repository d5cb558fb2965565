import type { AuditEntry } from '../../controlplane/store/audit/entries.ts';
import type { Database } from '../../controlplane/store/database/database.ts';
import type { Store } from '../../controlplane/store/store.ts';
import { databaseTest } from './database.ts';

export const entry = (details: AuditEntry['details'] = {}, who = 'ops'): AuditEntry => ({
  who,
  what: 'stack changed',
  details,
});

export const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 3600 * 1000);

export async function collect(pages: AsyncIterable<readonly string[]>): Promise<string[]> {
  const lines: string[] = [];
  for await (const page of pages) lines.push(...page);
  return lines;
}

/** The audit log of one database, empty before each test. */
export function auditStage() {
  const stage = {
    database: {} as Database,
    store: {} as Store,
    /** Runs the statements without the guards, as a database superuser could. */
    async asSuperuser(...statements: string[]) {
      const tables = ['audit', 'audit_seal'];
      for (const table of tables) await stage.database.query(`alter table ${table} disable trigger user`);
      for (const statement of statements) await stage.database.query(statement);
      for (const table of tables) await stage.database.query(`alter table ${table} enable trigger user`);
    },
    /** A line of so many days ago. */
    old: (days: number, who = 'ops') =>
      stage.database.query(
        `insert into audit (at, who, what, details) values ($1, $2, 'stack changed', '{}')`,
        [daysAgo(days), who],
      ),
    async sealAll(linesEach?: number) {
      while (await stage.store.audit.seal(linesEach)) {
        // until nothing is left to seal
      }
    },
  };
  databaseTest.beforeEach(({ database, store }) => {
    Object.assign(stage, { database, store });
  });
  return stage;
}
