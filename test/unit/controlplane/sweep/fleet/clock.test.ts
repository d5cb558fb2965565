import { afterEach, describe, expect, vi } from 'vitest';
import type { Boss } from '../../../../../controlplane/queue/boss.ts';
import type { Database } from '../../../../../controlplane/store/database/database.ts';
import { carryOut } from '../../../../../controlplane/sweep/fleet/carry-out.ts';
import { sweepRequests } from '../../../../../controlplane/sweep/fleet/requests.ts';
import { sweeper } from '../../../../../controlplane/sweep/fleet/sweeper.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { fillWorld, findingsIn, type SweepWorld, sweepWorld } from '../world.ts';

const accounts = Array.from({ length: 9 }, (_, index) => String(300_000_000_001 + index));
const hourMs = 3_600_000;
/** What a query of the database takes, and the look of the clock, milliseconds. */
const slackMs = 30_000;

afterEach(() => {
  vi.useRealTimers();
});

/** An organization that was read: so many accounts, each with a Region. */
async function listed({ store }: SweepWorld): Promise<void> {
  const account = { name: 'shop', email: '', path: '', parents: [], unitNames: [], state: 'ACTIVE' };
  await store.accounts.seen(accounts.map((id) => ({ ...account, id })) as never, new Date());
  for (const id of accounts)
    await store.accounts.setRegions(id, [{ region: 'eu-west-1', trail: { covered: true, trailArn: 'a' } }]);
}

/** A look of the clock, with the sweeps that it sent to the queue. */
function clock({ context }: SweepWorld) {
  const sent: string[] = [];
  const { sweepDue } = sweepRequests(context, async (id) => void sent.push(id));
  return { look: sweepDue, sent };
}

async function clockWorld(database: Database, hours = 24) {
  const world = sweepWorld(database, { hours });
  await listed(world);
  return { world, ...clock(world) };
}

/** So much time passes by the database's clock. */
async function pass({ query }: Database, milliseconds: number): Promise<void> {
  const before = (column: string) => `${column} = ${column} - make_interval(secs => $1::float8 / 1000)`;
  await query(`update sweep set ${before('created_at')}, ${before('finished_at')}`, [milliseconds]);
  await query(`update sweep_cell set ${before('due_at')}`, [milliseconds]);
}
const end = ({ query }: Database) => query("update sweep set state = 'done', finished_at = now()");

/** After how many hours each cell is due that is not read yet, in the order of time. */
const dueIn = ({ query }: Database) =>
  query<{ accountId: string; region: string; hours: number }>(
    `select account_id, region, extract(epoch from due_at - created_at)::float8 / 3600 as hours
     from sweep_cell join sweep on sweep.id = sweep_id where sweep_cell.state = 'waiting' order by due_at`,
  );

describe('the clock', () => {
  test('begins one sweep of every account in a period of 24 hours', async ({ database }) => {
    const { world, look, sent } = await clockWorld(database);
    await look();
    await look();
    expect(sent).toHaveLength(1);
    const sweep = await world.store.sweeps.get(sent[0] ?? '');
    expect(sweep).toMatchObject({ scheduled: true, requestedBy: 'portcullis', scope: {}, state: 'running' });
    await end(database);
    await pass(database, 24 * hourMs - slackMs);
    await look();
    expect(sent).toHaveLength(1);
    await pass(database, slackMs);
    await look();
    expect(new Set(sent).size).toBe(2);
  });

  test('takes the period from the settings', async ({ database }) => {
    const { look, sent } = await clockWorld(database, 2);
    await look();
    await end(database);
    await pass(database, 2 * hourMs - slackMs);
    await look();
    expect(sent).toHaveLength(1);
    await pass(database, slackMs);
    await look();
    expect(sent).toHaveLength(2);
  });

  test('begins none while its earlier one is under way, however long that takes', async ({ database }) => {
    const { look, sent } = await clockWorld(database);
    await look();
    await pass(database, 100 * hourMs);
    await look();
    expect(sent).toHaveLength(1);
  });

  test('begins one beside a requested sweep, which counts for no period', async ({ database }) => {
    const { world, look, sent } = await clockWorld(database);
    world.state.regions.set(accounts[0] ?? '', ['eu-west-1']);
    await world.request();
    await look();
    expect(sent).toHaveLength(1);
  });

  test('begins one where two services look at the same time', async ({ database }) => {
    const { world, look, sent } = await clockWorld(database);
    const other = clock(world);
    await Promise.all([look(), other.look(), look(), other.look()]);
    expect([...sent, ...other.sent]).toHaveLength(1);
    expect(await world.store.sweeps.unfinished()).toHaveLength(1);
  });

  test('begins none before the organization was read', async ({ database }) => {
    const { look, sent } = clock(sweepWorld(database));
    await look();
    expect(sent).toEqual([]);
  });
});

describe('a sweep of the clock', () => {
  test('has its accounts spread over nine tenths of the period, in the same order each time', async ({
    database,
  }) => {
    const { look } = await clockWorld(database, 10);
    await look();
    const first = await dueIn(database);
    expect(first.map(({ hours }) => Number(hours.toFixed(6)))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(first.map(({ accountId }) => accountId).sort()).toEqual(accounts);
    await end(database);
    await database.query("update sweep_cell set state = 'done'");
    await pass(database, 10 * hourMs);
    await look();
    expect((await dueIn(database)).map(({ accountId }) => accountId)).toEqual(
      first.map(({ accountId }) => accountId),
    );
  });

  test('reads what is due, with the Regions of an account spread over its slot, and leaves the rest', async ({
    database,
  }) => {
    const { world, look, sent } = await clockWorld(database, 10);
    fillWorld(world, 9, ['eu-west-1', 'eu-west-2', 'us-east-1']);
    await look();
    const [{ accountId: first } = { accountId: '' }] = await dueIn(database);
    await carryOut(world.context, sent[0] ?? '');
    expect(world.state.reads.size).toBe(0);
    const due = await dueIn(database);
    const own = due.filter(({ accountId }) => accountId === first);
    expect(own.map(({ region, hours }) => `${region} ${hours.toFixed(2)}`)).toEqual([
      ...['eu-west-1 0.25', 'eu-west-2 0.50', 'us-east-1 0.75'],
    ]);
    expect(due).toHaveLength(8 + 3);
    await pass(database, hourMs / 2);
    await carryOut(world.context, sent[0] ?? '');
    expect([...world.state.reads.keys()].sort()).toEqual([`${first} eu-west-1`, `${first} eu-west-2`]);
    expect(await world.store.sweeps.get(sent[0] ?? '')).toMatchObject({ state: 'running' });
  });

  test('has read every cell once, and has ended, when the period ends', async ({ database }) => {
    const { world, look, sent } = await clockWorld(database, 10);
    fillWorld(world, 9);
    await look();
    for (let hour = 0; hour < 10; hour += 1) {
      await carryOut(world.context, sent[0] ?? '');
      await pass(database, hourMs);
    }
    expect(await world.store.sweeps.get(sent[0] ?? '')).toMatchObject({ state: 'done' });
    expect([...world.state.reads.values()]).toEqual(Array(18).fill(1));
    expect(await findingsIn(database)).toHaveLength(3);
    await look();
    expect(sent).toHaveLength(2);
  });
});

describe('a service', () => {
  const idle = async () => undefined;
  const jobs = { createQueue: idle, work: idle, offWork: idle, send: idle };
  const boss = { start: idle, stop: idle, jobs } as unknown as Boss;

  /** A service for two hours of its timers; whether it looked for a due sweep. */
  async function looked(database: Database, hours: number, standing = true): Promise<boolean> {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { world } = await clockWorld(database, hours);
    const list = vi.spyOn(world.store.accounts, 'list');
    const made = sweeper(boss, world.context, { standing, chores: [] });
    await made.start();
    vi.advanceTimersByTime(2 * hourMs);
    const looks = list.mock.calls.length > 0;
    if (looks)
      await vi.waitFor(async () => expect(await world.store.sweeps.unfinished()).toHaveLength(1), 10_000);
    await made.stop();
    return looks;
  }

  test('looks for a due sweep by its timer', async ({ database }) => {
    expect(await looked(database, 24)).toBe(true);
  });

  test('sweeps on request alone with a period of 0 hours', async ({ database }) => {
    expect(await looked(database, 0)).toBe(false);
  });

  test('that is there for one command begins none by the clock', async ({ database }) => {
    expect(await looked(database, 24, false)).toBe(false);
  });
});
