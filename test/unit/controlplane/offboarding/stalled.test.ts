import { describe, expect } from 'vitest';
import { OperationFailed } from '../../../../controlplane/pulumi/failure.ts';
import type { StackKey } from '../../../../controlplane/stacks/key.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import type { createOffboardingWorld } from '../../../worlds/offboarding.ts';
import { account, offboardingScene, one, region, two } from './scene.ts';

let at: ReturnType<typeof createOffboardingWorld>;
const { reported } = offboardingScene((world) => {
  at = world;
});
const outOfScope = { exclude: [one] };

describe('an account out of scope', () => {
  test('whose stack cannot be destroyed fails, and then stalls', async () => {
    await at.narrow(outOfScope);
    at.state.broken.add(region('eu-west-1'));
    for (let times = 0; times < 4; times += 1)
      expect(await at.reconcile(region('eu-west-1'), outOfScope)).toMatchObject({
        kind: 'error',
        failures: times + 1,
      });
    expect(await reported(region('eu-west-1'), outOfScope)).toMatch(
      /^terminal: could not be destroyed: .*it broke/,
    );
    expect(await reported(account, outOfScope)).toMatch(
      /^requeueAfter: its Region stacks are destroyed first/,
    );
    expect((await at.store.stacks.get(region('eu-west-1')))?.conditions.Stalled).toMatchObject({
      ...{ status: 'True', message: expect.stringContaining('it broke') },
    });
  });

  describe('whose stack was given up', () => {
    const key = region('eu-west-1');
    const giveUp = async () => {
      await at.narrow(outOfScope);
      at.state.broken.add(key);
      for (let times = 0; times < 5; times += 1) await reported(key, outOfScope);
      at.state.broken.clear();
    };

    test('is not enqueued by further listings, and a reconcile destroys nothing', async () => {
      await giveUp();
      expect((await at.list(outOfScope)).keysToEnqueue).toEqual([region('us-east-1'), account]);
      expect(await reported(key, outOfScope)).toMatch(/^terminal: could not be destroyed: .*it broke/);
      expect(at.state.destroyed).toEqual([]);
    });

    test('is destroyed once a person requests its account, and not another', async () => {
      await giveUp();
      at.state.enqueued.length = 0;
      await at.plane(outOfScope).retry([two]);
      expect(at.state.enqueued).toEqual([]);
      await at.plane(outOfScope).retry([one]);
      expect(at.state.enqueued).toEqual([key]);
      expect(await reported(key, outOfScope)).toBe('ok');
    });

    test('is destroyed once a listing changes its state', async () => {
      await giveUp();
      at.state.accounts.set(one, 'PENDING_CLOSURE');
      expect((await at.list(outOfScope)).keysToEnqueue).toContain(key);
      expect(await reported(key, outOfScope)).toBe('ok');
    });
  });

  test('is not given up when AWS throttles, at any count', async () => {
    await at.narrow(outOfScope);
    at.state.broken.add(region('eu-west-1'));
    at.state.brokenBy = 'ThrottlingException: Rate exceeded';
    for (let times = 0; times < 8; times += 1)
      expect(await at.reconcile(region('eu-west-1'), outOfScope)).toMatchObject({
        ...{ kind: 'error', failures: times + 1 },
      });
    expect(await at.store.stacks.get(region('eu-west-1'))).toMatchObject({ failures: 0 });
  });
});

test('a stack locked by another process is tried five times with longer delays, then given up', async () => {
  await at.narrow(outOfScope);
  const message = 'the stack is locked by user@other-host (process 42)';
  const record = { changes: [], drift: [], unchanged: 0, errors: [] };
  const locked = async () => {
    throw new OperationFailed(message, { record, entered: false, locked: true });
  };
  const plane = at.plane(outOfScope, { engine: { ...at.parts.engine, operate: locked } });
  const reconcile = async () =>
    plane.reconcile(region('eu-west-1') as StackKey, await at.lease(region('eu-west-1')));
  for (let times = 0; times < 4; times += 1)
    expect(await reconcile()).toMatchObject({ kind: 'error', failures: times + 4 });
  expect(await reconcile()).toMatchObject({
    ...{ kind: 'terminal', message: `could not be destroyed: ${message}` },
  });
});
