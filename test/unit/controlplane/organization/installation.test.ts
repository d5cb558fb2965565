import { beforeEach, expect } from 'vitest';
import { hubInstallation } from '../../../../controlplane/organization/installation.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';

let store: Store;
test.beforeEach(({ given: embedded }) => {
  ({ store } = embedded);
});

/** The hub's bus as AWS has it: no bus, or its tags; `unreadable` while AWS does not answer. */
let bus: Map<string, string> | undefined;
let unreadable: boolean;
beforeEach(async () => {
  bus = new Map();
  unreadable = false;
});

const answers: Record<string, (input: { Tags?: { Key: string; Value: string }[] }) => object> = {
  DescribeEventBusCommand: () => ({ Arn: 'arn-of-the-bus' }),
  ListTagsForResourceCommand: () => ({ Tags: [...(bus ?? [])].map(([Key, Value]) => ({ Key, Value })) }),
  TagResourceCommand({ Tags = [] }) {
    for (const { Key, Value } of Tags) bus?.set(Key, Value);
    return {};
  },
};
const client = {
  async send(command: { constructor: { name: string }; input: object }) {
    if (unreadable) throw new Error('AWS does not answer');
    if (!bus) throw Object.assign(new Error('no bus'), { name: 'ResourceNotFoundException' });
    return answers[command.constructor.name]?.(command.input);
  },
};
const installation = (keptMs = 0) =>
  hubInstallation({
    store,
    aws: { eventBridge: async () => client as never },
    settings: { hub: { accountId: '222222222222', region: 'eu-west-1' } },
    log: makeLogger('silent'),
    keptMs,
  });
const tag = 'portcullis:installation';

test('the id is made once for a database, and the same for all workers', async () => {
  const ids = await Promise.all([1, 2, 3].map(() => installation().id()));
  expect(new Set(ids).size).toBe(1);
});

test.each([
  ['there is no hub yet', undefined],
  ['the hub is from before there were ids', new Map()],
])('where %s nothing is refused', async (_, tags) => {
  bus = tags;
  expect(await installation().refusal()).toBeUndefined();
});

test('a hub of this installation is not refused, and a hub of another is, with the way out', async () => {
  bus?.set(tag, await installation().id());
  expect(await installation().refusal()).toBeUndefined();
  bus?.set(tag, 'another');
  expect(await installation().refusal()).toMatch(/belongs to installation another.*portcullis take-over/);
  await expect(installation().assertOurs()).rejects.toMatchObject({ code: 'other-installation' });
});

test('an answer may be asked to be newer than the one that is kept', async () => {
  const here = installation(60_000);
  await here.assertOurs();
  bus?.set(tag, 'another');
  await here.assertOurs();
  await expect(here.assertOurs(0)).rejects.toMatchObject({ code: 'other-installation' });
  await expect(here.assertOurs()).rejects.toMatchObject({ code: 'other-installation' });
});

test("a hub that cannot be read is not said to be another's", async () => {
  unreadable = true;
  expect(await installation().refusal()).toBeUndefined();
});

test('what needs a known owner waits until the hub was read once, and then also while it cannot be read', async () => {
  const here = installation();
  unreadable = true;
  await expect(here.assertKnownOurs(0)).rejects.toThrow('could not be read yet');
  unreadable = false;
  await here.assertKnownOurs(0);
  unreadable = true;
  await here.assertKnownOurs(0);
  bus?.set(tag, 'another');
  unreadable = false;
  await expect(here.assertKnownOurs(0)).rejects.toMatchObject({ code: 'other-installation' });
});

test("a hub that was another's is refused while it cannot be read", async () => {
  bus?.set(tag, 'another');
  const here = installation();
  expect(await here.refusal()).toMatch(/installation another/);
  unreadable = true;
  expect(await here.refusal()).toMatch(/installation another/);
});

test('a hub taken over belongs to this installation at once, with a line of who did it', async () => {
  bus?.set(tag, 'another');
  const here = installation(60_000);
  expect(await here.refusal()).toBeDefined();
  const id = await here.id();
  expect(await here.takeOver('erin')).toEqual({ id, before: 'another' });
  expect(bus?.get(tag)).toBe(id);
  expect(await here.refusal()).toBeUndefined();
  expect(await store.audit.list(1)).toMatchObject([
    { who: 'erin', what: 'hub taken over', details: { id, before: 'another' } },
  ]);
});

test('without a hub there is nothing to take over, and no line', async () => {
  bus = undefined;
  const lines = await store.audit.list(10);
  await expect(installation().takeOver('erin')).rejects.toMatchObject({ code: 'not-found' });
  expect(await store.audit.list(10)).toEqual(lines);
});
