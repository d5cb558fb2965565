import { describe, expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import type { createOffboardingWorld } from '../../../worlds/offboarding.ts';
import { hub } from '../../../worlds/offboarding.ts';
import { account, offboardingScene, one, region, two } from './scene.ts';

let at: ReturnType<typeof createOffboardingWorld>;
const { reported } = offboardingScene((world) => {
  at = world;
});

describe('a Region', () => {
  const found = (...regions: string[]) =>
    at.store.accounts.setRegions(
      one,
      regions.map((name) => ({ region: name, trail: { covered: 'unknown', reason: '' } as never })),
    );

  test('that the account has disabled becomes an archived stack', async () => {
    at.state.disabled.add(`${one}/eu-west-1`);
    await found('us-east-1');
    expect(await reported(region('eu-west-1'))).toBe('ok');
    expect(await at.store.archivedStacks.list()).toMatchObject([
      { key: region('eu-west-1'), reason: 'eu-west-1 is disabled in the account', hasState: true },
    ]);
    expect(at.state.destroyed).toEqual([]);
    expect(await reported(account)).toBeUndefined();
  });

  test('that an inspection missed and EC2 reports as enabled stays in scope', async () => {
    await found('us-east-1');
    expect(await reported(region('eu-west-1'))).toBeUndefined();
  });

  test.each([
    ['does not list', () => at.state.unlisted.add(`${one}/eu-west-1`), /EC2 does not list eu-west-1/],
    ['denies access to', () => at.state.refusing.set(one, 'AccessDenied'), /eu-west-1 was not found; Acc/],
  ])('that EC2 %s is kept', async (_, change, message) => {
    change();
    await found('us-east-1');
    expect(await reported(region('eu-west-1'))).toMatch(message);
    expect((await at.store.stacks.get(region('eu-west-1')))?.conditions.Ready).toMatchObject({
      ...{ status: 'Unknown', message: expect.stringMatching(message) },
    });
    expect(await at.store.offboarding.open()).toEqual([]);
  });

  test('out of scope is destroyed, or archived when it is disabled', async () => {
    await at.onboard(`${two}`.replace('2', '3'), 'af-south-1');
    const only = { regions: ['us-east-1'] };
    await at.narrow(only);
    expect(await reported(region('eu-west-1'), only)).toBe('ok');
    expect(at.state.destroyed).toEqual([region('eu-west-1')]);
    at.state.disabled.add(`${two}/eu-west-1`);
    expect(await reported(region('eu-west-1', two), only)).toBe('ok');
    expect(await at.store.archivedStacks.list()).toMatchObject([{ key: region('eu-west-1', two) }]);
    expect(await reported(account, only)).toBeUndefined();
  });

  test('that is disabled while the organization shrinks waits with everything else', async () => {
    at.state.accounts.delete(two);
    at.state.accounts.delete(hub);
    await at.list();
    at.state.disabled.add(`${one}/eu-west-1`);
    await found('us-east-1');
    expect(await reported(region('eu-west-1'))).toMatch(/^requeueAfter: a person has to confirm/);
    expect(await at.store.archivedStacks.list()).toEqual([]);
    const stack = await at.store.stacks.get(region('eu-west-1'));
    expect(stack?.conditions.Ready).toMatchObject({ status: 'False', reason: 'AwaitingConfirmation' });
  });
});
