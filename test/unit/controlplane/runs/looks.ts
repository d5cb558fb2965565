import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { createWorld } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';

/** Has single keys of a world reconciled, one after the other, and its runs carried out. */
export function looksOf({ query }: Pick<Database, 'query'>, made: ReturnType<typeof createWorld>) {
  const { store } = made.parts;
  const free = async () => (await query('select 1 from lease where expires_at > now()')).length === 0;
  return {
    /** Has the organization looked at so many times, once after the other. */
    look: (times = 1) =>
      made.working(async () => {
        for (let index = 0; index < times; index += 1) {
          await query(`delete from fact`);
          await made.queue.enqueue(['organization']);
          await until(async () => (await store.facts.get('organization')) !== undefined);
          await until(free);
        }
      }),
    /** Has a key reconciled, as an event would. */
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
