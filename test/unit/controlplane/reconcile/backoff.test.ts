import { beforeEach, describe, expect } from 'vitest';
import { OperationFailed } from '../../../../controlplane/pulumi/failure.ts';
import { keyReconciler } from '../../../../controlplane/reconcile/key.ts';
import { organizationFact } from '../../../../controlplane/reconcile/organization.ts';
import { advanceRun } from '../../../../controlplane/runs/advance.ts';
import { PortcullisError } from '../../../../controlplane/settings/errors.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { asHolder } from '../../../worlds/lease-sample.ts';
import { createWorld, management, one } from '../../../worlds/reconcile.ts';

let database: Database;
let store: Store;
test.beforeEach(({ given: embedded }) => {
  ({ database, store } = embedded);
});
let at: ReturnType<typeof createWorld>;
beforeEach(async () => {
  at = createWorld(store, database);
  await at.run();
  await database.query(`update stack set generation = 'old' where account_id = $1 and kind <> 'hub'`, [one]);
});

/** One reconcile of a key by a worker that has only the record of what went wrong before. */
const reconcile = (key: string) =>
  asHolder(database, key, (lease) => keyReconciler({ ...at.parts, runs: at.runs })(key, lease));
const throttled = Object.assign(new Error('ThrottlingException: Rate exceeded'), {
  name: 'ThrottlingException',
});

describe('failures recorded by other workers or before a restart lengthen the backoff', () => {
  test('of an account that cannot be read', async () => {
    await database.query('update account set failed_reads = 6 where id = $1', [one]);
    at.world.transientFailures.set(one, [throttled, throttled, throttled]);
    const waits = [];
    for (let look = 0; look < 3; look += 1) waits.push(await reconcile(`account-${one}`));
    for (const verdict of waits) expect(verdict).toMatchObject({ kind: 'requeueAfter' });
    // 5 s doubled six times, of which at least half is waited.
    expect((waits[0] as { requeueAfterMs: number }).requeueAfterMs).toBeGreaterThanOrEqual(160_000);
    expect(await store.accounts.failedReads(one)).toBe(9);
    await reconcile(`account-${one}`);
    expect(await store.accounts.failedReads(one)).toBe(0);
  });

  test('of a stack whose operations are throttled', async () => {
    const key = `account-${one}`;
    await database.query('update stack set transient_failures = 4 where key = $1', [key]);
    at.world.broken.add(key);
    at.world.breaksWith = 'ThrottlingException: Rate exceeded';
    expect(await reconcile(key)).toMatchObject({ kind: 'error', failures: 5 });
    expect(await reconcile(key)).toMatchObject({ kind: 'error', failures: 6 });
    at.world.broken.clear();
    await reconcile(key);
    const left = await database.query<{ transientFailures: number }>(
      'select transient_failures from stack where key = $1',
      [key],
    );
    expect(left).toEqual([{ transientFailures: 0 }]);
  });

  test('of the organization that cannot be read', async () => {
    await store.facts.set('failed readings of the organization', 3);
    const { organizations } = at.aws;
    at.aws.organizations = async () => {
      throw throttled;
    };
    expect(await reconcile('organization')).toMatchObject({ kind: 'error', failures: 4 });
    expect(await reconcile('organization')).toMatchObject({ kind: 'error', failures: 5 });
    at.aws.organizations = organizations;
    expect(await reconcile('organization')).toMatchObject({ kind: 'ok' });
    expect((await store.facts.get('failed readings of the organization'))?.value).toBe(0);
    expect((await store.facts.get(organizationFact))?.value).toMatchObject({
      managementAccountId: management,
    });
  });

  test('of a run that cannot be planned, which fails after eight attempts over all workers', async () => {
    at.aws.organizations = async () => {
      throw throttled;
    };
    const { run } = await store.runs.createUnlessWaiting({
      ...{ kind: 'reconcile', scope: {}, onlyChanged: false, requestedBy: 'a test' },
    });
    await database.query('update run set plan_attempts = 7 where id = $1', [run.id]);
    await at.execute(run);
    expect(await store.runs.get(run.id)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('Throttling'),
    });
  });
});

describe('a stack whose lock another process holds', () => {
  const key = `account-${one}`;
  const message = 'the stack is locked by user@other-host (process 42) since 2026-11-29T13:21:31Z';
  beforeEach(() => {
    const record = { changes: [], drift: [], unchanged: 0, errors: [] };
    at.world.up = async (stack) => {
      if (stack.key !== key) return;
      const cause = new OperationFailed(message, { record, entered: false, locked: true });
      throw new PortcullisError('stack-failed', message, { cause });
    };
  });

  test('is tried five times within ten minutes, and then it and the run have failed', async () => {
    const { run } = await store.runs.createUnlessWaiting({
      ...{ kind: 'reconcile', scope: { accounts: [one] }, onlyChanged: false, requestedBy: 'a test' },
    });
    await store.runs.start(run.id);
    await store.runStacks.plan(run.id, [key], 1, 'pending');
    await store.runs.planned(run.id);
    await store.runStacks.admit(run.id, 1, 1);
    const waits = [];
    for (let tries = 0; tries < 4; tries += 1) {
      waits.push(await reconcile(key));
      expect(await store.runStacks.state(run.id, key)).not.toBe('failed');
    }
    // 5 s doubled so often, of which at least half is waited: 5 to 10 minutes in all.
    expect(waits).toMatchObject([4, 5, 6, 7].map((failures) => ({ kind: 'error', failures })));
    expect(await reconcile(key)).toMatchObject({ kind: 'terminal', reason: 'FailedRepeatedly', message });
    expect(await store.runStacks.state(run.id, key)).toBe('failed');
    expect((await store.stacks.get(key))?.conditions.Stalled).toMatchObject({ status: 'True', message });
    await advanceRun(at.parts, run.id, new AbortController().signal);
    expect(await store.runs.get(run.id)).toMatchObject({ state: 'failed', message: '1 failed' });
  });

  test('is reconciled again once a person broke the lock and asks', async () => {
    for (let tries = 0; tries < 5; tries += 1) await reconcile(key);
    at.world.up = async () => undefined;
    expect(await at.run({ scope: { accounts: [one] } })).toMatchObject({ state: 'succeeded' });
    expect((await store.stacks.get(key))?.conditions.Stalled?.status).not.toBe('True');
  });
});
