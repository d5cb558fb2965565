import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../../controlplane/store/database/database.ts';
import type { StackRecord } from '../../../../controlplane/store/stacks.ts';
import { attachPolicy, regionDeny } from '../../../worlds/control-policies.ts';
import {
  former,
  leaver,
  payments,
  playground,
  shop,
  startOffboardingStage,
  until,
} from '../offboarding/stage.ts';

type Stage = Awaited<ReturnType<typeof startOffboardingStage>>;
const long = { timeout: 600_000 };
const denied = 'af-south-1';
const cell = `region-${shop}-${denied}`;
const others = ['111111111111', payments, former, leaver, playground];
const settings = { PORTCULLIS_EXCLUDE: others.join(',') };

const oneCall = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Deny',
      Action: 'sqs:CreateQueue',
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestedRegion': [denied] } },
    },
  ],
});

/** Each test goes on from where the one before left the organization. */
describe('a service control policy of an organizational unit', () => {
  let at: Stage;
  const policies: { detach(): Promise<unknown> }[] = [];
  const attach = async (content: string) => {
    policies.push(await attachPolicy(at.sandbox, at.unit('Production'), content));
  };
  beforeAll(async () => {
    at = await startOffboardingStage();
    await attach(oneCall);
    await at.start(settings);
  }, 600_000);
  afterAll(() => at?.end());

  const stackOf = async (key: string) =>
    (await at.plane().get<{ stacks: StackRecord[] }>('/v1/stacks')).stacks.find((each) => each.key === key);
  const coverage = async () => {
    const { cells } = await at
      .plane()
      .get<{ cells: { region: string; coverage: string }[] }>(`/v1/coverage?account=${shop}`);
    return Object.fromEntries(cells.map(({ region, coverage }) => [region, coverage]));
  };
  /** As if so many hours had passed since the last look at the cell. */
  const pass = async (hours: number) => {
    const data = at.environment.PORTCULLIS_DATA ?? '';
    const database = await openDatabase({ data, databaseUrl: undefined }, () => undefined);
    const ago = `${hours} hours`;
    await database.query(`update stack set updated_at = updated_at - $2::interval where key = $1`, [
      cell,
      ago,
    ]);
    await database.query(
      `update queue.job set start_after = start_after - $2::interval where singleton_key = $1`,
      [cell, ago],
    );
    await database.close();
  };

  test('that denies one call leaves its cell uncovered, by the words of the real engine', long, async () => {
    await at.ready(shop, 'DeniedByScp');
    const { conditions, failures } = (await stackOf(cell)) ?? {};
    expect(conditions?.Ready).toMatchObject({
      reason: 'DeniedByScp',
      message: expect.stringContaining('with an explicit deny in a service control policy'),
    });
    expect(failures).toBe(0);
    expect(await coverage()).toEqual({ 'us-east-1': 'covered', [denied]: 'not-covered' });
  });

  test('that denies the Region is called so, and is no failure of a run', long, async () => {
    await attach(regionDeny({ allowed: ['us-east-1', 'eu-west-1'] }));
    const { exit, output } = await at.plane().cli(['reconcile', '--account', shop]);
    expect(exit, output).toBe(0);
    await at.ready(shop, 'RegionDenied');
    expect((await stackOf(cell))?.conditions.Ready?.reason).toBe('RegionDenied');
    expect(await coverage()).toEqual({ 'us-east-1': 'covered', [denied]: 'not-covered' });
    const { output: status } = await at.plane().cli(['status']);
    expect(status).toContain('RegionDenied');
  });

  test('that is detached lets the daily look deploy the cell', long, async () => {
    for (const policy of policies) await policy.detach();
    await at.stop();
    await pass(25);
    await at.start(settings);
    await at.ready(shop);
    await until('the cell is to be ready', async () => {
      const { conditions } = (await stackOf(cell)) ?? {};
      return conditions?.Ready?.status === 'True' ? undefined : JSON.stringify(conditions?.Ready);
    });
    await until('its trail check is to be read again', async () => {
      const found = await coverage();
      return found[denied] === 'covered' ? undefined : JSON.stringify(found);
    });
    expect(await at.resources(shop)).toContain(`rule ${denied} portcullis-forward`);
  });

  test('that comes later leaves in place what was made', long, async () => {
    await attach(regionDeny({ allowed: ['us-east-1', 'eu-west-1'] }));
    await at.plane().cli(['reconcile', '--account', shop]);
    await at.ready(shop, 'RegionDenied');
    expect(await at.resources(shop)).toContain(`rule ${denied} portcullis-forward`);
  });
});
