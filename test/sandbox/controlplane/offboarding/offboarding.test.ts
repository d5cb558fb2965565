import { DisableRegionCommand } from '@aws-sdk/client-account';
import {
  CloseAccountCommand,
  MoveAccountCommand,
  RemoveAccountFromOrganizationCommand,
} from '@aws-sdk/client-organizations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ArchivedStack } from '../../../../controlplane/store/archived-stacks.ts';
import type { Confirmation } from '../../../../controlplane/store/confirmations.ts';
import type { StackRecord } from '../../../../controlplane/store/stacks.ts';
import { former, leaver, payments, playground, shop, startOffboardingStage, until } from './stage.ts';

type Stage = Awaited<ReturnType<typeof startOffboardingStage>>;
const long = { timeout: 900_000 };

/** The rules, roles and queues of an account with one Region, as onboarding makes them. */
const whole = [
  ...[
    'queue us-east-1 portcullis-forward-dead-letter',
    'role portcullis-forwarder',
    'role portcullis-remediation',
  ],
  ...['rule us-east-1 portcullis-forward', 'rule us-east-1 portcullis-lifecycle'],
];

/** Each test goes on from where the one before left the organization. */
describe('accounts and Regions that depart from a local organization', () => {
  let at: Stage;
  beforeAll(async () => {
    at = await startOffboardingStage();
    for (const id of [payments, leaver]) await at.limit(id);
    await at.start();
  }, 600_000);
  afterAll(() => at?.end());
  const archivedStacks = async () =>
    (await at.plane().get<{ archivedStacks: ArchivedStack[] }>('/v1/archived-stacks')).archivedStacks;
  const confirmations = async () =>
    (await at.plane().get<{ confirmations: Confirmation[] }>('/v1/confirmations')).confirmations;
  const stateOf = async (id: string) => (await at.inspect()).accounts.find((each) => each.id === id)?.state;

  test('an account that is out of scope from the first is not entered', long, async () => {
    for (const id of [shop, payments, former, leaver]) await at.ready(id);
    expect(await at.resources(payments)).toEqual(whole);
    expect(await at.resources(playground)).toEqual([]);
  });

  test(
    'an account that is moved out of scope is destroyed, with the documented rights alone',
    long,
    async () => {
      await at.organizations.send(
        new MoveAccountCommand({
          AccountId: payments,
          SourceParentId: at.unit('Production'),
          DestinationParentId: at.unit('Sandbox'),
        }),
      );
      await at.ready(payments, 'OutOfScope');
      expect(await at.resources(payments)).toEqual([]);
      expect(await archivedStacks()).toEqual([]);
    },
  );

  test('an account that was closed becomes archived stacks with its archived state', long, async () => {
    const before = await at.roleId(former);
    await at.stop();
    await at.organizations.send(new CloseAccountCommand({ AccountId: former }));
    await until('the account is to be closed', async () => {
      const state = await stateOf(former);
      return state === 'SUSPENDED' ? undefined : `it is ${state}`;
    });
    await at.start();
    await at.ready(former, 'Departed');
    expect((await archivedStacks()).map(({ key, hasState }) => `${key} ${hasState}`).sort()).toEqual([
      `account-${former} true`,
      `region-${former}-us-east-1 true`,
    ]);
    const archived = await at
      .plane()
      .get<{ deployment: { resources: { type: string }[] } }>(`/v1/archived-stacks/account-${former}/state`);
    expect(archived.deployment.resources.map(({ type }) => type)).toContain('aws:iam/role:Role');
    expect(
      (await at.plane().get<{ stacks: { key: string }[] }>('/v1/stacks')).stacks.map(({ key }) => key),
    ).not.toContain(`account-${former}`);
    at.sandbox.reinstate(former);
    expect(await at.resources(former)).toEqual(whole);
    expect(await at.roleId(former)).toBe(before);
  });

  test('an account that comes back is covered again by what is there', long, async () => {
    const before = await at.roleId(former);
    await at.stop();
    await at.start();
    await at.ready(former);
    expect(await at.resources(former)).toEqual(whole);
    expect(await at.roleId(former)).toBe(before);
    const region = `region-${former}-us-east-1`;
    await until('its Region is to be ready', async () => {
      const { stacks } = await at.plane().get<{ stacks: StackRecord[] }>('/v1/stacks');
      const Ready = stacks.find(({ key }) => key === region)?.conditions.Ready;
      return Ready?.status === 'True' ? undefined : JSON.stringify(Ready);
    });
    // The next look at the organization marks its archived stacks; there is one at each start.
    await at.stop();
    await at.start();
    await until('its archived stacks are to say so', async () => {
      const still = (await archivedStacks()).filter(({ returnedAt }) => !returnedAt);
      return still.length === 0 ? undefined : still.map(({ key }) => key).join();
    });
  });

  test('an account that left is destroyed by the role that stays', long, async () => {
    await at.organizations.send(new RemoveAccountFromOrganizationCommand({ AccountId: leaver }));
    await at.ready(leaver, 'Departed');
    expect(await at.resources(leaver)).toEqual([]);
  });

  test('a Region that an account disables becomes an archived stack', long, async () => {
    await at.account.send(new DisableRegionCommand({ AccountId: shop, RegionName: 'af-south-1' }));
    const key = `region-${shop}-af-south-1`;
    await until('the Region is to have an archived stack', async () =>
      (await archivedStacks()).some((each) => each.key === key) ? undefined : 'it has none',
    );
    expect((await at.accountOf(shop))?.regions.map(({ region }) => region)).toEqual(['us-east-1']);
    expect(await at.resources(shop).catch(() => whole)).toEqual(
      expect.arrayContaining(['role portcullis-remediation']),
    );
  });

  test('nothing is destroyed where the organization shrinks, until a person confirms', long, async () => {
    await at.stop();
    for (const AccountId of [shop, former])
      await at.organizations.send(new RemoveAccountFromOrganizationCommand({ AccountId }));
    await at.start();
    let asked: Confirmation | undefined;
    await until('a person is to be asked about both', async () => {
      [asked] = (await confirmations()).filter(({ state }) => state === 'open');
      return asked?.stacks.length === 4 ? undefined : `asked is ${JSON.stringify(asked)}`;
    });
    expect(asked).toMatchObject({ hold: 'everything', why: expect.stringContaining('3 of 7 accounts') });
    expect(await at.resources(former)).toEqual(whole);
    const { exit, output } = await at.plane().cli(['confirm', asked?.id ?? '']);
    expect(output).toContain('would destroy 4 stacks in 2 accounts');
    expect(exit).toBe(0);
    await at.ready(former, 'Departed');
    await at.ready(shop, 'Departed');
    expect(await at.resources(former)).toEqual([]);
  });
});
