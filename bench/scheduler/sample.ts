import type { KeyQueue } from '../../controlplane/queue/key-queue.ts';
import type { Database } from '../../controlplane/store/database/database.ts';
import { randomFrom } from '../random.ts';

/** Regions of each account of the sample. */
const regions = 20;
export const generation = 'as-declared';
export const release = 'the-present-one';

const accountId = (account: number) => String(300_000_000_000 + account);
const keyOf = (cell: number) =>
  `region-${accountId(Math.floor(cell / regions))}-eu-sample-${(cell % regions) + 1}`;

/** Records so many cells, all of them ready at the wanted generation. */
export async function recordCells({ query }: Pick<Database, 'query'>, cells: number): Promise<void> {
  const Ready = {
    status: 'True',
    reason: 'Succeeded',
    message: 'no change',
    since: '2026-01-01T00:00:00.000Z',
  };
  const Drifted = { ...Ready, status: 'False', reason: 'NoDrift', message: '' };
  await query(
    `insert into stack (key, kind, account_id, region, generation, conditions, release, updated_at)
     select 'region-' || account || '-' || region, 'region', account, region, $2, $3, $4, now()
     from generate_series(0, $1::int - 1) as cell,
       lateral (select (300000000000 + cell / ${regions})::text as account,
         'eu-sample-' || (cell % ${regions} + 1) as region) as place`,
    [cells, generation, JSON.stringify({ Ready, Drifted }), release],
  );
  await query('analyze stack');
}

/** Has every cell wait for a sweep, in no order; how many a second were taken. */
export async function fillQueue(queue: KeyQueue, cells: number): Promise<number> {
  const random = randomFrom(7);
  const keys = Array.from({ length: cells }, (_, cell) => keyOf(cell));
  for (let at = keys.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [keys[at], keys[other]] = [keys[other] as string, keys[at] as string];
  }
  const begun = performance.now();
  for (let at = 0; at < keys.length; at += 1_000) {
    await queue.enqueueAfter(keys.slice(at, at + 1_000).map((key) => ({ key, afterMs: 0 })));
  }
  return (cells * 1_000) / (performance.now() - begun);
}
