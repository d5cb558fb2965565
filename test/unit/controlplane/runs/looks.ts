import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { createWorld } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';

/** Has single keys of a world reconciled, one after the other, and its runs carried out. */
export function looksOf({ query }: Pick<Database, 'query'>, made: ReturnType<typeof createWorld>) {
  const { store } = made.parts;
  const endsOf = async (key: string) => {
    const ends = `select sum(token) as ends from lease where key = $1 and expires_at <= now()`;
    return (await query<{ ends: string | null }>(ends, [key]))[0]?.ends;
  };
  return {
    /** Has the organization looked at so many times, once after the other. */
    look: (times = 1) =>
      made.working(async () => {
        for (let index = 0; index < times; index += 1) {
          await query(`delete from fact`);
          await made.queue.enqueue(['organization']);
          await until(async () => (await store.facts.get('organization')) !== undefined);
          await until(async () => (await query('select 1 from lease where expires_at > now()')).length === 0);
        }
      }),
    /** Has a key reconciled, as an event would. */
    enqueue: (key: string) =>
      made.working(async () => {
        const before = await endsOf(key);
        await made.queue.enqueue([key]);
        await until(async () => ![null, before].includes(await endsOf(key)));
      }),
    carryOut: async () => {
      for (const run of await store.runs.unfinished()) await made.execute(run);
    },
    ready: async (id: string) => (await store.accounts.get(id))?.conditions.Ready,
  };
}
