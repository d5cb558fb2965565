import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect } from 'vitest';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { verifyCell } from '../../../../controlplane/verify/cell.ts';
import { announce } from '../../../../controlplane/verify/synthetic.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { cell, verifyWorld } from '../../../worlds/verify.ts';

let database: Database;
test.beforeEach(({ given }) => {
  database = given.database;
});
let world: ReturnType<typeof verifyWorld>;
beforeEach(async () => {
  world = verifyWorld(database);
  await database.query(
    `insert into stack (key, kind, account_id, region, generation, updated_at)
     values ('region-300000000001-eu-west-1', 'region', $1, $2, 'g', now()) on conflict do nothing`,
    [cell.accountId, cell.region],
  );
});

async function claimed(of = world, holder = 'a') {
  const id = randomUUID();
  await of.store.cellVerifications.request({ id, scope: {}, requestedBy: 'a test' }, [cell]);
  const canary = await of.store.cellVerifications.claim(id, holder);
  if (!canary) throw new Error('nothing to claim');
  return canary;
}
const prove = async () => verifyCell(world.parts, await claimed());
const said = (ending: object) => (ending as { message: string }).message;

describe('a cell', () => {
  test('is verified end to end where the Lambda closed the canary, and nothing is left', async () => {
    expect(await prove()).toMatchObject({ state: 'verified', kind: 'end-to-end', message: null });
    expect(world.state.groups.size).toBe(0);
    expect(await world.store.cellVerifications.list()).toMatchObject([
      { ...cell, kind: 'end-to-end', failedAt: null },
    ]);
    expect(await world.store.cellVerifications.leftovers(cell)).toEqual([]);
  });

  test('is known to the ledger for the wait and an hour, by the time of the database', async () => {
    const put: { Item: { expiresAt: { N: string } } }[] = [];
    const dynamodb = async () => ({ send: async ({ input }: { input: never }) => put.push(input) }) as never;
    const { aws, settings } = world.parts;
    const store = { now: async () => new Date('2020-01-01T00:00:00Z') };
    const waiting = { ...settings, verifyWaitMinutes: 15 };
    await announce({ store, aws: { ...aws, dynamodb }, settings: waiting }, cell, 'sg-1', randomUUID());
    const until = Number(put[0]?.Item.expiresAt.N);
    expect(new Date(until * 1000).toISOString()).toBe('2020-01-01T01:15:00.000Z');
  });

  test('is known to the ledger before anything is opened in it', async () => {
    await prove();
    const order = ['CreateSecurityGroupCommand', 'PutItemCommand', 'AuthorizeSecurityGroupIngressCommand'];
    expect(world.state.calls.filter((call) => order.includes(call))).toEqual(order);
  });

  test.each([
    ['its trail does not exist', { covered: false }, /^CloudTrail: no trail/],
    [
      'its forwarding rule does not exist',
      { ruleState: undefined },
      /rule portcullis-forward does not exist: portcullis reconcile/,
    ],
    ['its forwarding rule is off', { ruleState: 'DISABLED' }, /portcullis-forward is DISABLED/],
  ])('is not verified and nothing is opened where %s', async (_, change, message) => {
    Object.assign(world.state, change);
    expect(said(await prove())).toMatch(message);
    expect(world.state.calls).not.toContain('CreateSecurityGroupCommand');
  });

  test('is verified where the event is delivered twice and the invocation without a rule reports first', async () => {
    world.state.duplicateMs = 400;
    const settings = { ...world.parts.settings, verifyWaitMinutes: 10 / 60 };
    const ending = await verifyCell({ ...world.parts, settings }, await claimed());
    expect(ending).toMatchObject({ state: 'verified', kind: 'end-to-end' });
  });

  test('is not verified where the rule is deleted and no invocation says that it revoked it', async () => {
    world.state.duplicateMs = 'never';
    expect(said(await prove())).toMatch(/^the Lambda answered rule-gone/);
  });

  test('says what the Lambda was refused', async () => {
    world.state.outcome = 'access-denied';
    expect(said(await prove())).toContain('access-denied: no role');
    expect(world.state.groups.size).toBe(0);
  });

  test.each([
    [
      { calls: false, events: true },
      /CloudTrail delivered nothing .*dead letters: 2 in portcullis-forward-dead-letter/,
    ],
    [{ calls: false, events: false }, /nor to a synthetic event, so it is one of forwarder role/],
  ])('without an answer, %j, reports where it stopped', async (hears, message) => {
    Object.assign(world.state, { hears, letters: 2 });
    expect(said(await prove())).toMatch(message);
    expect(world.state.groups.size).toBe(0);
  });

  test('is verified by its path where no group may be made, with the reason', async () => {
    world.state.failing.set('CreateSecurityGroupCommand', 'UnauthorizedOperation');
    expect(await prove()).toMatchObject({
      ...{ state: 'verified', kind: 'path' },
      message: 'no group was made: UnauthorizedOperation: said AWS',
    });
  });

  test('keeps in mind a group that could not be removed, and removes it the next time', async () => {
    world.state.failing.set('DeleteSecurityGroupCommand', 'DependencyViolation');
    expect(await prove()).toMatchObject({ state: 'verified' });
    expect(world.state.groups.size).toBe(1);
    world.state.failing.clear();
    expect(await prove()).toMatchObject({ state: 'verified' });
    expect(world.state.groups.size).toBe(0);
  });
});

const steps = [
  'DescribeVpcsCommand',
  'CreateSecurityGroupCommand',
  'PutItemCommand',
  'AuthorizeSecurityGroupIngressCommand',
  'DescribeSecurityGroupRulesCommand',
  'DeleteSecurityGroupCommand',
];

describe('a process that ends before', () => {
  test.each(steps)(
    '%s leaves the canary to the next, which proves the cell and leaves no group',
    async (step) => {
      const canary = await claimed();
      world.state.before = (call) => {
        if (call === step) world.stop();
      };
      await verifyCell(world.parts, canary).catch(() => undefined);
      const { groups, ledger } = world.state;
      await world.store.cellVerifications.release('a');

      const next = verifyWorld(database);
      Object.assign(next.state, { groups, ledger });
      const again = await next.store.cellVerifications.claim(canary.verificationId, 'b');
      if (again) await verifyCell(next.parts, again);
      expect(await next.store.cellVerifications.canary(canary.id)).toMatchObject({
        state: 'verified',
        kind: 'end-to-end',
      });
      expect(groups.size).toBe(0);
      expect(await next.store.cellVerifications.leftovers(cell)).toEqual([]);
    },
  );
});
