import { beforeEach, describe, expect, vi } from 'vitest';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { type createWorld, one } from '../../../worlds/reconcile.ts';
import { runScene } from './scene.ts';

const [three, four, five] = ['300000000003', '300000000004', '300000000005'] as const;
const [six, seven] = ['300000000006', '300000000007'] as const;

vi.setConfig({ testTimeout: 60_000 });

let database: Database;
let store: Store;
let made: ReturnType<typeof createWorld>;
const { list, enqueue, carryOut, ready } = runScene((scene) => {
  ({ database, store, made } = scene);
});

describe('onboarding of accounts that join separately', () => {
  const comes = async (id: string) => {
    made.world.accounts.set(id, 'ACTIVE');
    await list();
    await carryOut();
    return store.runs.latestOf('onboarding');
  };
  beforeEach(async () => {
    Object.assign(made.parts.settings, { rollout: { maxFailures: 1 } });
    await comes(one);
    for (const id of [three, four]) {
      made.world.broken.add(`account-${id}`);
      expect((await comes(id))?.state).toBe('failed');
    }
  });

  test('is paused once too many of them failed within a day, until a person resumes it', async () => {
    const run = await comes(five);
    expect(run).toMatchObject({ state: 'paused', plannedAt: null });
    expect(run?.message).toBe(
      '2 stacks failed in onboarding within a day, more than the 1 allowed: fix what fails, then resume this run',
    );
    await enqueue(`account-${five}`);
    expect(await ready(five)).toMatchObject({ reason: 'Waiting' });
    await store.runs.resume(run?.id ?? '', 'ann');
    await carryOut();
    expect(await ready(five)).toMatchObject({ status: 'True' });
    expect((await comes(six))?.state).toBe('succeeded');
  });

  test('continues when failed stacks succeeded since, or failed longer ago', async () => {
    made.world.broken.clear();
    await enqueue(`account-${three}`);
    expect((await comes(five))?.state).toBe('succeeded');
    made.world.broken.add(`account-${six}`);
    await comes(six);
    await database.query(
      `update run_stack set finished_at = now() - interval '25 hours' where state = 'failed'`,
    );
    expect((await comes(seven))?.state).toBe('succeeded');
  });
});
