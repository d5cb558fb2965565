import fc from 'fast-check';
import { describe, expect } from 'vitest';
import type { Database } from '../../../../../controlplane/store/database/database.ts';
import type { CellReading } from '../../../../../controlplane/store/findings/finding.ts';
import { recordReadings } from '../../../../../controlplane/store/findings/readings.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { observed, reading } from '../../../../worlds/finding-sample.ts';
import { at, clean, open } from './world.ts';

const regions = ['eu-west-1', 'eu-west-2', 'us-east-1'];
const ports = [22, 80];

/** What one reading shows of each port of a group, and how many seconds late it was recorded. */
const seen = fc.record({
  shows: fc.tuple(...ports.map(() => fc.constantFrom('absent', 'absent', 'open', 'excepted', 'undecided'))),
  late: fc.constantFrom(0, 0, 0, 5),
});
/** Readings of some of the cells, in an order; before them, in some cases, an event of a cell. */
const batch = fc.record({
  event: fc.option(fc.record({ region: fc.constantFrom(...regions), isOpen: fc.boolean() })),
  cells: fc.uniqueArray(fc.record({ region: fc.constantFrom(...regions), seen }), {
    ...{ selector: ({ region }) => region, minLength: 1 },
  }),
});
type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never;

function readingsOf({ cells }: Batch, second: number, accountId: string): CellReading[] {
  return cells.map(({ region, seen: { shows, late } }) => {
    const of = (kind: string) =>
      ports.flatMap((port, index) =>
        shows[index] === kind ? [observed({ fromPort: port, toPort: port, ruleId: `sgr-${port}` })] : [],
      );
    const excepted = of('excepted').map((each) => ({ ...each, exceptions: [{ name: 'x', expires: null }] }));
    const undecided = of('undecided').map(({ groupId, ruleId, ingress }) => ({
      ...{ groupId, ruleId: ruleId ?? '', ingress, reason: 'x' },
    }));
    return reading(second - late, [...of('open'), ...excepted], { accountId, region, undecided });
  });
}

/** All that the list has of an account, without the ids that are made of it. */
async function listOf({ query }: Database, accountId: string): Promise<unknown> {
  const of = (sql: string) => query<Record<string, unknown>>(sql, [accountId]);
  return {
    findings: await of(
      `select to_jsonb(f) - 'id' - 'account_id' - 'recorded_at' as row from finding f where account_id = $1
       order by region, group_id, ingress`,
    ),
    changes: await of(
      `select f.region, f.ingress, c.from_state, c.to_state, c.at, c.cause, c.cause_id from finding_change c
       join finding f on f.id = c.finding_id where f.account_id = $1 order by f.region, f.ingress, c.id`,
    ),
    cells: await of(
      `select region, read_at, sweep_id, policy_digest, groups,
         (select count(*)::int from jsonb_object_keys(undecided)) as undecided
       from finding_cell where account_id = $1 order by region`,
    ),
    groups: await of(
      'select region, group_id, clean_at from finding_group where account_id = $1 order by region, group_id',
    ),
  };
}

/** How many findings a reading changed, in each way. */
const sizes = (changes: object) =>
  Object.entries(changes).flatMap(([name, ids]) => (Array.isArray(ids) ? [`${name} ${ids.length}`] : []));

describe('readings that are recorded together', () => {
  test('end in the same list, cells and changes as one after the other', async ({ database, store }) => {
    let run = 300_000_000_000;
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 6 }), async (batches) => {
        const [together, single] = [String(++run), String(++run)];
        for (const [index, each] of batches.entries()) {
          const second = 8 * (index + 1) - 2;
          if (each.event)
            for (const account of [together, single]) {
              const { region, isOpen } = each.event;
              const change = { account, region, eventId: `${account}-${second}` };
              await store.findings.recordResult({
                ...(isOpen ? open : clean)(second),
                ...change,
                eventId: 'e',
              });
            }
          const changes = await database.transaction((query) =>
            recordReadings(query, readingsOf(each, second + 2, together)),
          );
          const expected = [];
          for (const cell of readingsOf(each, second + 2, single))
            expected.push(await store.findings.recordCell(cell));
          expect(changes.map(sizes)).toEqual(expected.map(sizes));
        }
        expect(await listOf(database, together)).toEqual(await listOf(database, single));
      }),
      { numRuns: 60 },
    );
  });

  test('a clean cell does not hide the reading that was recorded before from the next one', async ({
    database,
  }) => {
    const record = (second: number, findings = [observed()]) =>
      database.transaction((query) => recordReadings(query, [reading(second, findings)]));
    await record(1, []);
    const [changes] = await record(2);
    expect(changes?.previous).toEqual({
      ...{ readAt: new Date(at(1)), sweepId: 'sweep-1', policyDigest: 'f00d' },
    });
  });

  test('two batches of the same cells in opposite order both end', async ({ database }) => {
    const cells = Array.from({ length: 40 }, (_, index) => `eu-west-${index + 1}`);
    const record = (second: number, order: readonly string[]) =>
      database.transaction((query) =>
        recordReadings(
          query,
          order.map((region) => reading(second, [observed()], { region })),
        ),
      );
    await Promise.all([1, 2, 3, 4].map((n) => record(n, n % 2 ? cells : cells.toReversed())));
    const rows = await database.query('select distinct seen_at from finding');
    expect(rows).toEqual([{ seenAt: new Date(at(4)) }]);
  });
});
