import { beforeEach, describe, expect } from 'vitest';
import { keyReconciler } from '../../../../controlplane/reconcile/key.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { asHolder } from '../../../worlds/lease-sample.ts';
import { createWorld, one, two } from '../../../worlds/reconcile.ts';

interface Line {
  readonly msg: string;
  readonly key?: string;
  readonly run?: string;
  readonly runs?: readonly string[];
}

let database: Database;
let store: Store;
let lines: Line[];
let at: ReturnType<typeof createWorld>;

test.beforeEach(({ given: embedded }) => {
  ({ database, store } = embedded);
});
beforeEach(async () => {
  lines = [];
  at = createWorld(
    store,
    database,
    makeLogger('info', [], { write: (line) => lines.push(JSON.parse(line)) }),
  );
});

const failures = () => lines.filter(({ msg }) => msg === 'stack failed');

/** Has the key worked on for runs over these accounts: their ids. */
async function workOn(key: string, accounts: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const account of accounts) {
    const request = { kind: 'reconcile', onlyChanged: false, requestedBy: 'a test' } as const;
    const { id } = await at.runs.request({ ...request, scope: { accounts: [account] } });
    await store.runStacks.plan(id, [key], 0, 'admitted');
    ids.push(id);
  }
  const reconcile = keyReconciler({ ...at.parts, runs: at.runs });
  await asHolder(database, key, (lease) => reconcile(key, lease));
  return ids;
}

describe('a log line about a stack', () => {
  test('names the run that it is worked on for, and its key', async () => {
    at.world.broken.add(`region-${one}-us-east-1`);
    const { id } = await at.run();
    expect(failures()).toEqual([expect.objectContaining({ run: id, key: `region-${one}-us-east-1` })]);
  });

  test('names each of several runs as `runs`', async () => {
    await at.run();
    at.world.broken.add(`account-${one}`);
    const ids = await workOn(`account-${one}`, [one, two]);
    expect(failures()).toEqual([expect.objectContaining({ runs: ids, key: `account-${one}` })]);
    expect(failures()[0]).not.toHaveProperty('run');
  });

  test('names no run without a request', async () => {
    await at.run();
    at.world.broken.add(`account-${one}`);
    await database.query('delete from stack where key = $1', [`account-${one}`]);
    await workOn(`account-${one}`, []);
    expect(failures()).toEqual([expect.objectContaining({ key: `account-${one}` })]);
    expect(Object.keys(failures()[0] ?? {}).filter((name) => name.startsWith('run'))).toEqual([]);
  });
});
