import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect } from 'vitest';
import { hubBundler } from '../../../../controlplane/reconcile/hub-bundle.ts';
import { policyInForce } from '../../../../controlplane/reconcile/policy-in-force.ts';
import { hubAlone } from '../../../../controlplane/stacks/scope.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createWorld, one, two } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';

let data: string;
let policyFile: string;
let database: Database;
let store: Store;
let { world, run, working, queue } = {} as ReturnType<typeof createWorld>;

test.beforeEach(({ given: embedded }) => {
  ({ data, database, store } = embedded);
  policyFile = join(data, 'policy.yaml');
});

const scoped = (scope = '') => `version: 1
rules:
  - name: any
    match: {}
    mode: notify
${scope && `    scope: { include: [${scope}] }`}
`;
const byUnit = scoped('{ organizationalUnits: [Production] }');
const byTag = scoped('{ accountTags: { team: [web] } }');
const write = (text: string) => writeFile(policyFile, text);
/** What the hub was made with last. */
let deployed: { text: string; generation: string } | undefined;

beforeEach(async () => {
  const created = createWorld(store, database);
  ({ world, run, working, queue } = created);
  const settings = { ...created.settings, policyFile };
  const policy = policyInForce({ settings, store, log: makeLogger('silent') });
  world.hubBundle = hubBundler({ policy, aws: created.aws, store, directory: join(data, 'bundle') });
  world.units.set('ou-root-prod', 'Production');
  world.up = async ({ arguments: args, generation }) => {
    if (args.kind !== 'hub') return;
    // Policy and accounts are the first line, the code follows.
    const [text = ''] = (await readFile(join(dirname(args.bundle.file), 'index.mjs'), 'utf8')).split('\n', 1);
    deployed = { text, generation };
  };
  await write(scoped());
  deployed = undefined;
});
/** What a run did to the hub. */
const hubAfter = async (...change: Parameters<typeof run>) => {
  const before = deployed?.generation;
  const done = await run(...change);
  return { done, state: done.stateOf('hub'), updated: deployed?.generation !== before };
};
const hubRecord = () => store.stacks.get('hub');
/** Whether the run about these accounts has read the organization and waits for the hub. */
const waitsForTheHub = async (accounts: string[]) => {
  const found = (await store.runs.page({}, { limit: 10 })).items.find(
    ({ scope }) => `${scope.accounts}` === `${accounts}`,
  );
  return found !== undefined && (await store.runStacks.of(found.id)).some(({ key }) => key === 'hub');
};
const changed = { onlyChanged: true };

describe('a policy', () => {
  test('that was edited takes effect at the next run, without a restart', async () => {
    await run();
    expect(await hubAfter(changed)).toMatchObject({ state: 'unchanged', updated: false });
    await write(scoped().replace('any', 'renamed-rule'));
    expect(await hubAfter(changed)).toMatchObject({ updated: true });
    expect(deployed?.text).toContain('renamed-rule');
  });

  test('with only a changed comment leaves the hub alone', async () => {
    await run();
    await write(`# a comment\n${scoped()}`);
    expect(await hubAfter(changed)).toMatchObject({ state: 'unchanged', updated: false });
  });

  test('that cannot be read fails the hub by line and field, and leaves the last one to the accounts', async () => {
    await run();
    await write(scoped().replace('notify', 'shout'));
    world.accounts.set('300000000003', 'ACTIVE');
    const { done, state, updated } = await hubAfter(changed);
    expect({ runState: done.state, state, updated }).toEqual({
      runState: 'failed',
      state: 'failed',
      updated: false,
    });
    const message = expect.stringMatching(/policy\.yaml: .*line 5: rules\[0\]\.mode: write observe/);
    expect(done.stacks[0]).toMatchObject({ key: 'hub', message });
    expect((await hubRecord())?.conditions.Ready).toMatchObject({
      ...{ status: 'False', reason: 'PrerequisiteFailed', message },
    });
    expect((await hubRecord())?.generation).toBe(deployed?.generation);
    expect(done.stateOf('account-300000000003')).toBe('succeeded');
    expect(done.stateOf(`account-${one}`)).toBe('unchanged');
  });

  test('that is fixed makes the hub ready again', async () => {
    await run();
    await write('rules: [');
    await run(changed);
    await write(scoped());
    await run(changed);
    expect((await hubRecord())?.conditions.Ready?.status).toBe('True');
  });

  test('without a run is read when the hub is enqueued, and its error is reported', async () => {
    await run();
    await write(scoped().replace('notify', 'shout'));
    await working(async () => {
      await queue.enqueue(['hub']);
      await until(async () => (await hubRecord())?.conditions.Ready?.status === 'False');
    });
    expect((await hubRecord())?.conditions.Ready).toMatchObject({
      reason: 'PrerequisiteFailed',
      message: expect.stringMatching(/policy\.yaml: .*rules\[0\]\.mode: write observe/),
    });
    const before = deployed?.generation;
    await write(scoped().replace('any', 'renamed-rule'));
    queue.clear();
    await working(async () => {
      await queue.enqueue(['hub']);
      await until(async () => (await hubRecord())?.conditions.Ready?.status === 'True');
    });
    expect(deployed?.generation).not.toBe(before);
    expect(deployed?.text).toContain('renamed-rule');
  });

  test('that could never be read leaves no account without a hub', async () => {
    await write('rules: [');
    const done = await run();
    expect(world.operations).toEqual([]);
    expect(done.stateOf(`account-${one}`)).toBe('skipped');
  });

  test('that cannot be read fails a preview too, and marks nothing', async () => {
    await run();
    await write('rules: [');
    expect((await run({ kind: 'preview' })).stateOf('hub')).toBe('failed');
    expect((await hubRecord())?.conditions.Ready?.status).toBe('True');
  });
});

describe('the organization, where the policy asks for units', () => {
  test('an account that moves leads to an updated hub in a run about that account alone', async () => {
    await write(byUnit);
    await run();
    world.unitOf.set(two, 'ou-root-prod');
    expect(await hubAfter({ ...changed, scope: { accounts: [two] } })).toMatchObject({ updated: true });
    expect(deployed?.text).toContain(`"${two}":{"organizationalUnits":["Production"]`);
  });

  test('a unit that is renamed leads to an updated hub in a run about the hub alone', async () => {
    await write(byUnit);
    world.unitOf.set(two, 'ou-root-prod');
    await run();
    world.units.set('ou-root-prod', 'Testing');
    expect(await hubAfter({ ...changed, scope: hubAlone })).toMatchObject({ updated: true });
    expect(world.tagsRead).toEqual([]);
  });

  test('a unit that the policy does not name leaves the hub alone', async () => {
    await write(byUnit);
    world.units.set('ou-root-other', 'Other');
    await run();
    world.unitOf.set(two, 'ou-root-other');
    expect(await hubAfter(changed)).toMatchObject({ updated: false });
  });

  test('a move leaves the hub alone where the policy asks for none', async () => {
    await run();
    world.unitOf.set(two, 'ou-root-prod');
    expect(await hubAfter(changed)).toMatchObject({ updated: false });
  });

  test('a run that read the organization long ago deploys what a later one saw', async () => {
    await write(byUnit);
    await run();
    const gate = Promise.withResolvers<void>();
    world.before = (key) => (key === 'hub' ? gate.promise : Promise.resolve());
    await write(byUnit.replace('any', 'holds-the-turn'));
    const runs = [run({ ...changed, scope: { accounts: [one] } })];
    await until(async () => (await hubRecord())?.operationStartedAt !== null);
    runs.push(run({ ...changed, scope: { accounts: [two] } }));
    await until(() => waitsForTheHub([two]));
    world.unitOf.set(two, 'ou-root-prod');
    runs.push(run({ ...changed, scope: hubAlone }));
    await until(() => waitsForTheHub([]));
    gate.resolve();
    const [, second, third] = await Promise.all(runs);
    expect(deployed?.text).toContain('"organizationalUnits":["Production"]');
    const whatOf = (done?: Awaited<ReturnType<typeof run>>) =>
      done?.stacks.find(({ key }) => key === 'hub')?.message;
    expect([second, third].map(whatOf)).toEqual(['no change', 'no change']);
  });
});

describe('the organization, where the policy asks for account tags', () => {
  beforeEach(async () => {
    await write(byTag);
    world.tags.set(one, { team: 'web', cost: '7' });
    await run();
    world.tagsRead.length = 0;
  });

  test('every page of tags is read, and those that the policy names are in the bundle', async () => {
    expect(deployed?.text).toContain('"tags":{"team":"web"}');
    expect((await store.accounts.get(one))?.tags).toEqual({ team: 'web', cost: '7' });
  });

  test('a tag that changed leads to an updated hub, another one does not', async () => {
    world.tags.set(one, { team: 'web', cost: '8' });
    expect(await hubAfter(changed)).toMatchObject({ updated: false });
    world.tags.set(one, { team: 'data', cost: '8' });
    expect(await hubAfter(changed)).toMatchObject({ updated: true });
  });

  test('a run about one account reads only its tags; about the hub, those with a tag event', async () => {
    await run({ ...changed, scope: { accounts: [two] } });
    expect(world.tagsRead).toEqual([two]);
    world.tagsRead.length = 0;
    world.tags.set(one, { team: 'data' });
    await store.accounts.forgetTags(one);
    expect(await hubAfter({ ...changed, scope: hubAlone })).toMatchObject({ updated: true });
    expect(world.tagsRead).toEqual([one]);
  });

  test('tags that cannot be read fail the hub, naming the account, and leave it as it is', async () => {
    world.untaggable.add(two);
    const { done, updated } = await hubAfter(changed);
    expect(updated).toBe(false);
    expect(done.stacks[0]?.message).toMatch(
      new RegExp(`tags of account ${two} cannot be read: .*organizations:ListTagsForResource`),
    );
    expect(done.stateOf(`account-${two}`)).toBe('unchanged');
  });
});

test('tags are not read for a policy that asks for none', async () => {
  await run();
  expect(world.tagsRead).toEqual([]);
});
