import type { Database } from '../../../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../../../controlplane/store/store.ts';
import { databaseTest } from '../../../worlds/database.ts';
import { createWorld } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';

interface Scene {
  readonly database: Database;
  readonly store: Store;
  readonly made: ReturnType<typeof createWorld>;
}

/** A new world before each test, whose keys are reconciled one after the other. */
export function runScene(give: (scene: Scene) => void) {
  let { database, store, made } = {} as Scene;
  databaseTest.beforeEach(async ({ database: given }) => {
    database = given;
    store = openStore(database);
    made = createWorld(store, database);
    give({ database, store, made });
  }, 60_000);
  const free = async () =>
    (await database.query('select 1 from lease where expires_at > now()')).length === 0;
  return {
    /** Reconciles the organization so many times. */
    list: (times = 1) =>
      made.working(async () => {
        for (let index = 0; index < times; index += 1) {
          await database.query(`delete from fact`);
          await made.queue.enqueue(['organization']);
          await until(async () => (await store.facts.get('organization')) !== undefined);
          await until(free);
        }
      }),
    /** Reconciles a key, as after an event. */
    enqueue: (key: string) =>
      made.working(async () => {
        const before = made.verdicts.get(key);
        await made.queue.enqueue([key]);
        await until(async () => made.verdicts.get(key) !== before && (await free()));
      }),
    carryOut: async () => {
      for (const run of await store.runs.unfinished()) await made.execute(run);
    },
    ready: async (id: string) => (await store.accounts.get(id))?.conditions.Ready,
  };
}
