import { type Leases, openLeases } from '../../../../controlplane/queue/leases.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest } from '../../../worlds/database.ts';

export const rest = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Opens leases over each test's database, and stops them after it. */
export function leaseScene(give: (database: Database) => void = () => undefined) {
  let database: Database;
  let opened: Leases[] = [];
  databaseTest.beforeEach(async ({ database: given }) => {
    database = given;
    give(database);
  }, 60_000);
  databaseTest.afterEach(async () => {
    for (const leases of opened) await leases.stop();
    opened = [];
  });
  return (
    settings: Parameters<typeof openLeases>[2] = {},
    over: Parameters<typeof openLeases>[0] = database,
  ) => {
    const leases = openLeases(over, makeLogger('silent'), settings);
    opened.push(leases);
    return leases;
  };
}
