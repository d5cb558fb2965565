import { randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import { carryOut } from '../../../../../controlplane/sweep/fleet/carry-out.ts';
import { parsePolicy, policyDigest } from '../../../../../lambda/policy/parse.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { until } from '../../../../worlds/until.ts';
import { fillWorld, findingsIn, offence, type SweepWorld, sweepPolicyText, sweepWorld } from '../world.ts';

const [one, two] = ['300000000001', '300000000002'];

describe('a sweep', () => {
  test('reads every Region of every account once, and records what is open', async ({ database }) => {
    const world = sweepWorld(database);
    fillWorld(world, 9);
    const id = await world.request();
    await carryOut(world.context, id);
    expect(await world.store.sweeps.get(id)).toMatchObject({ state: 'done' });
    expect(await world.store.sweeps.counts(id)).toMatchObject({
      ...{ accounts: 9, accountsWaiting: 0, cells: 18, done: 18, waiting: 0, notChecked: 0 },
      ...{ groups: 54, findings: 3 },
    });
    expect([...world.state.reads.values()]).toEqual(Array(18).fill(1));
    expect(await findingsIn(database)).toEqual(
      ['300000000003', '300000000006', '300000000009'].map((each) => `${each} eu-west-1 sg-${each} open`),
    );
  });

  test('reads only the Regions of its scope', async ({ database }) => {
    const world = sweepWorld(database);
    fillWorld(world, 2);
    const id = await world.request();
    await database.query('update sweep set scope = $2 where id = $1', [id, '{"regions":["us-east-1"]}']);
    await carryOut(world.context, id);
    expect([...world.state.reads.keys()].sort()).toEqual([`${one} us-east-1`, `${two} us-east-1`]);
  });

  test('resolves what its owner removed, in cells that it read alone', async ({ database }) => {
    const world = sweepWorld(database);
    fillWorld(world, 6);
    await carryOut(world.context, await world.request());
    world.state.offences.clear();
    world.state.failing.set('300000000006 eu-west-1', Array(9).fill('UnauthorizedOperation: no'));
    await carryOut(world.context, await world.request());
    expect(await findingsIn(database)).toEqual([
      '300000000003 eu-west-1 sg-300000000003 resolved',
      '300000000006 eu-west-1 sg-300000000006 open',
    ]);
  });

  test('names accounts and cells that it cannot read as not checked, with the reason', async ({
    database,
  }) => {
    const world = sweepWorld(database);
    fillWorld(world, 2, ['eu-west-1']);
    world.state.failing.set(one, Array(9).fill('AccessDenied: the role does not exist'));
    const id = await world.request([{ accountId: '300000000009', reason: 'the account is SUSPENDED' }]);
    await carryOut(world.context, id);
    expect(await world.cells(id)).toMatchObject([
      { accountId: one, region: null, state: 'not-checked', reason: 'AccessDenied: the role does not exist' },
      { accountId: two, region: 'eu-west-1', state: 'done', reason: null },
      { accountId: '300000000009', region: null, state: 'not-checked', reason: 'the account is SUSPENDED' },
    ]);
    expect(await world.store.sweeps.counts(id)).toMatchObject({
      accountsNotChecked: 2,
      accountsInactive: 1,
      notChecked: 0,
      done: 1,
    });
  });

  test('adds the changes of the counts of findings to the counts', async ({ database }) => {
    const world = sweepWorld(database);
    fillWorld(world, 1, ['eu-west-1']);
    world.state.offences.set(`${one} eu-west-1`, [offence('sg-1')]);
    await carryOut(world.context, await world.request());
    await until(async () => (await database.query('select 1 from finding_count_change')).length === 0);
    expect(await database.query(`select count::int from finding_count where grain = 'all'`)).toEqual([
      { count: 1 },
    ]);
  });

  test('reads a throttled cell again until it answers', async ({ database }) => {
    const world = sweepWorld(database);
    fillWorld(world, 1, ['eu-west-1']);
    world.state.failing.set(`${one} eu-west-1`, Array(20).fill('RequestLimitExceeded: slow down'));
    const id = await world.request();
    await carryOut(world.context, id);
    expect(await world.cells(id)).toMatchObject([{ state: 'done', attempts: 20, reason: null }]);
  });

  test('records of each cell the policy that its groups were evaluated by', async ({ database }) => {
    const world = sweepWorld(database, { parallel: 1 });
    fillWorld(world, 1);
    const before = policyDigest(world.state.policy);
    const id = await world.request();
    world.state.during = async (cell) => {
      if (cell.endsWith('eu-west-1')) world.state.policy = parsePolicy(`${sweepPolicyText}\nmode: notify`);
    };
    await carryOut(world.context, id);
    expect(await world.store.sweeps.get(id)).toMatchObject({ policyDigest: before });
    const digests = (await world.cells(id)).map((cell) => cell.policyDigest);
    expect(digests).toEqual([before, policyDigest(world.state.policy)]);
  });

  test('reads at most so many cells at once, and at most eight of one account', async ({ database }) => {
    const world = sweepWorld(database, { parallel: 20 });
    fillWorld(
      world,
      4,
      Array.from({ length: 16 }, (_, index) => `eu-west-${index + 1}`),
    );
    world.state.during = () => new Promise((next) => setTimeout(next, 5));
    await carryOut(world.context, await world.request());
    expect(world.state.reads.size).toBe(64);
    expect(world.state.most.total).toBeLessThanOrEqual(20);
    expect(world.state.most.account).toBeLessThanOrEqual(8);
    expect(world.state.most.total).toBeGreaterThan(8);
  });

  test('that is cancelled ends, and what was not read is not checked', async ({ database }) => {
    const world = sweepWorld(database, { parallel: 1 });
    fillWorld(world, 5);
    const id = await world.request();
    world.state.during = async () => {
      if (world.state.reads.size === 3) await world.store.sweeps.cancel(id, 'ada');
    };
    await carryOut(world.context, id);
    expect(await world.store.sweeps.get(id)).toMatchObject({ state: 'cancelled' });
    const { accountsInactive, ...counts } = await world.store.sweeps.counts(id);
    const { done, waiting, notChecked, accountsNotChecked } = counts;
    expect([done, waiting]).toEqual([2, 0]);
    expect(notChecked).toBeGreaterThan(0);
    expect(accountsNotChecked).toBeGreaterThan(0);
    expect(accountsInactive).toBe(0);
  });

  test('that is interrupted is carried on by the next call, and records no cell twice', async ({
    database,
  }) => {
    const world = sweepWorld(database, { parallel: 2 });
    fillWorld(world, 9);
    const id = await world.request();
    world.state.during = async () => {
      if (world.state.reads.size === 7) world.stop();
    };
    await carryOut(world.context, id);
    expect(await world.store.sweeps.get(id)).toMatchObject({ state: 'running' });
    const next = sweepWorld(database);
    fillWorld(next, 9);
    await carryOut(next.context, id);
    expect(await world.store.sweeps.counts(id)).toMatchObject({ cells: 18, done: 18, findings: 3 });
    expect(await findingsIn(database)).toHaveLength(3);
    const changes = await database.query('select finding_id from finding_change');
    expect(changes).toHaveLength(3);
  });
});

test('two workers share a sweep: each cell is read by one of them, and recorded once', async ({
  database,
}) => {
  const [left, right] = [sweepWorld(database), sweepWorld(database)];
  for (const world of [left, right]) {
    fillWorld(world, 30);
    world.state.during = () => new Promise((next) => setTimeout(next, 3));
  }
  const id = await left.request();
  await Promise.all([carryOut(left.context, id), carryOut(right.context, id)]);
  const both = [...left.state.reads.keys(), ...right.state.reads.keys()];
  expect(both).toHaveLength(60);
  expect(new Set(both).size).toBe(60);
  expect(Math.min(left.state.reads.size, right.state.reads.size)).toBeGreaterThan(0);
  expect(await left.store.sweeps.counts(id)).toMatchObject({ cells: 60, done: 60, findings: 10 });
  expect(await findingsIn(database)).toHaveLength(10);
  expect(await database.query('select 1 from finding_change')).toHaveLength(10);
});

test('a finding that an exception allows is in the list, is not counted, and is not handed to the Lambda', async ({
  database,
}) => {
  const world = sweepWorld(database);
  world.state.policy = parsePolicy(`${sweepPolicyText}\nsweepAction: remediate`);
  world.state.regions.set(one, ['eu-west-1']);
  const exceptions = [{ name: 'bastion', expires: null }];
  world.state.offences.set(`${one} eu-west-1`, [
    offence('sg-1'),
    offence('sg-1', { ingress: 'tcp 22 22 ::/0', source: '::/0', ruleId: 'sgr-6' }),
    offence('sg-2', { exceptions }),
    offence('sg-3', { mode: 'notify' }),
  ]);
  const id = await world.request();
  await carryOut(world.context, id);
  expect(await findingsIn(database)).toHaveLength(4);
  expect(await world.store.sweeps.counts(id)).toMatchObject({ findings: 3 });
  expect(
    await database.query('select sweep_id, account_id, region, group_id from sweep_remediation'),
  ).toEqual([{ sweepId: id, accountId: one, region: 'eu-west-1', groupId: 'sg-1' }]);
});

describe('a sweep by the clock', () => {
  const period = 3_600;
  const requestBy = async (world: SweepWorld, accounts: readonly string[]) => {
    const id = randomUUID();
    const asked = { id, scope: {}, requestedBy: 'portcullis', policyDigest: 'd', spreadSeconds: 1 };
    const listed = accounts.map((accountId) => ({ accountId, reason: null }));
    return (await world.store.sweeps.requestScheduled(asked, listed, period)) ? id : undefined;
  };

  test('leaves an account that is throttled without end not checked when its period is over', async ({
    database,
  }) => {
    const world = sweepWorld(database);
    fillWorld(world, 2, ['eu-west-1']);
    const first = (await requestBy(world, [one, two])) ?? '';
    await database.query(`update sweep set created_at = created_at - interval '2 hours'`);
    expect(await requestBy(world, [one])).toBeUndefined();
    expect(await world.store.sweeps.counts(first)).toMatchObject({ accountsWaiting: 2 });
    await database.query(
      `update sweep_cell set attempts = 9, reason = 'RequestLimitExceeded: Request limit exceeded.' where account_id = $1`,
      [one],
    );
    expect(await requestBy(world, [one])).toBeUndefined();
    expect(await world.store.sweeps.counts(first)).toMatchObject({ accountsWaiting: 2 });
    await database.query(`update sweep_cell set state = 'done', ended_at = now() where account_id = $1`, [
      two,
    ]);
    expect(await requestBy(world, [one])).toBeUndefined();
    expect(await world.cells(first)).toMatchObject([
      { accountId: one, state: 'not-checked', reason: 'RequestLimitExceeded: Request limit exceeded.' },
    ]);
    await carryOut(world.context, first);
    expect(await world.store.sweeps.get(first)).toMatchObject({ state: 'done' });
    expect(await requestBy(world, [one])).toBeDefined();
  });
});
