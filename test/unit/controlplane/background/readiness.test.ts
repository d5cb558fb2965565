import { expect } from 'vitest';
import { readiness } from '../../../../controlplane/background/readiness.ts';
import { scopeFact } from '../../../../controlplane/offboarding/scope.ts';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { keyQueue } from '../../../../controlplane/queue/key-queue.ts';
import { organizationFact, unreadFact } from '../../../../controlplane/reconcile/organization.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { until } from '../../../worlds/until.ts';

let database: Database;
let store: Store;
test.beforeEach(({ given }) => {
  ({ database, store } = given);
});
test.beforeAll(async ({ opened }) => {
  if (!opened) return undefined;
  const log = makeLogger('silent');
  const queue = keyQueue(opened.database, openBoss(opened.database, log), log);
  await queue.start();
  return queue.stop;
});

const settings = {
  ...{ regions: undefined, organizationalUnits: undefined, exclude: ['ou-root-gone'] },
  secrets: ['hunter2-hunter2'],
};
const caller = async () => ({ accountId: '111111111111', partition: 'aws' });
type Given = Parameters<typeof readiness>[0];
const missing = (since: Date | undefined, more: Partial<Given> = {}) =>
  readiness({ store, database, aws: { caller }, settings, log: makeLogger('silent'), since, ...more })();
/** The messages of what blocks, in one. */
const notReady = async (since: Date | undefined, of: Given['store'] = store) =>
  (await missing(since, { store: of }))
    .filter(({ blocking }) => blocking)
    .map(({ message }) => message)
    .join('; ') || undefined;
const refused = (message: string) => async () => Promise.reject(new Error(message));

test('a service is not ready before the organization was read since its start, and says why it cannot be', async () => {
  await store.facts.set(organizationFact, { id: 'o-1' });
  // The clock has milliseconds, and both could be in one.
  const read = await store.now();
  await until(async () => (await store.now()) > read);
  const since = await store.now();
  expect(await notReady(since)).toBe('the organization has not been read since the start');
  await store.facts.set(unreadFact, 'AWS Organizations cannot be read: AccessDenied');
  expect(await notReady(since)).toMatch(/cannot be read: AccessDenied; nothing is deleted until it is/);
  await store.facts.set(organizationFact, { id: 'o-1' });
  expect(await notReady(since)).toBeUndefined();
  expect(await missing(since)).toMatchObject([
    { what: 'organization', blocking: false, fix: expect.stringContaining('docs/access.md') },
  ]);
  await store.facts.set(unreadFact, null);
  expect(await missing(since)).toEqual([]);
});

test('a command that runs once does not wait for the organization', async () => {
  expect(await notReady(undefined)).toBeUndefined();
});

test('a service whose settings name what does not exist is not ready, and names the scope that is kept', async () => {
  const confirmed = { regions: ['eu-west-1'], organizationalUnits: null, exclude: [] };
  const record = { confirmed, others: [], considered: confirmed };
  await store.facts.set(scopeFact, { ...record, wrong: 'PORTCULLIS_EXCLUDE names ou-root-gone' });
  expect(await notReady(undefined)).toMatch(/^PORTCULLIS_EXCLUDE names ou-root-gone; .*Regions eu-west-1/);
  await store.facts.set(scopeFact, { ...record, wrong: null });
  expect(await notReady(undefined)).toBeUndefined();
});

test('a service whose database does not answer is not ready', async () => {
  const dead = { ...store, now: async () => Promise.reject(new Error('ECONNREFUSED')) };
  expect(await notReady(undefined, dead)).toBe('the database does not answer');
});

test('everything that is missing is named at once, each with its fix', async () => {
  const dead = { ...store, now: refused('ECONNREFUSED') };
  const aws = { caller: refused('Could not load credentials from any providers') };
  expect(await missing(await store.now(), { store: dead, aws })).toEqual([
    {
      ...{ what: 'database', blocking: true, message: 'the database does not answer' },
      fix: expect.stringContaining('DATABASE_URL'),
    },
    {
      ...{ what: 'aws-credentials', blocking: true },
      message: 'AWS does not accept the credentials: Could not load credentials from any providers',
      fix: expect.stringContaining('AWS_PROFILE'),
    },
  ]);
});

test('an AWS that does not answer holds up no probe', async () => {
  const aws = { caller: () => new Promise<never>(() => undefined) };
  await store.facts.set(organizationFact, { id: 'o-1' });
  expect(await missing(new Date(0), { aws, patienceMs: 10 })).toMatchObject([
    { what: 'aws-credentials', message: expect.stringContaining('no answer within 0.01 s') },
  ]);
});

test('a queue whose tables are not there is named', async () => {
  const without = { query: refused('relation "queue.version" does not exist') } as unknown as Database;
  expect(await missing(undefined, { database: without })).toMatchObject([
    { what: 'queue', blocking: true, fix: expect.stringContaining('restart the service') },
  ]);
});

test('a hub of another installation is named', async () => {
  const installation = { refusal: async () => 'the hub belongs to installation b' };
  expect(await missing(undefined, { installation })).toMatchObject([
    { what: 'hub', message: 'the hub belongs to installation b', fix: expect.stringContaining('take-over') },
  ]);
});

test('a scope that waits for a person is named and does not block: the answer is given through the service', async () => {
  const before = { regions: ['eu-west-1'], organizationalUnits: null, exclude: [] };
  const now = { regions: null, organizationalUnits: null, exclude: ['ou-root-gone'] };
  const record = { confirmed: before, others: [now], considered: now, wrong: null };
  await store.facts.set(scopeFact, record);
  expect(await missing(undefined)).toMatchObject([
    { what: 'scope', blocking: false, fix: expect.stringContaining('portcullis confirmations') },
  ]);
  await store.facts.set(scopeFact, { ...record, confirmed: now, others: [] });
  expect(await missing(undefined)).toEqual([]);
});

test('a message holds no secret', async () => {
  const aws = { caller: refused('hunter2-hunter2 is not accepted, password=hunter3') };
  const [found] = await missing(await store.now(), { aws, store: { ...store, now: refused('x') } }).then(
    (all) => all.filter(({ what }) => what === 'aws-credentials'),
  );
  expect(found?.message).toMatch(/is not accepted/);
  expect(found?.message).not.toMatch(/hunter/);
});

test('an installation that is being uninstalled is named and does not block, and nothing is waited for', async () => {
  await store.facts.set(scopeFact, { confirmed: null, others: [], considered: null, wrong: 'wrong' });
  await store.uninstall.request('erin');
  expect(await missing(await store.now())).toMatchObject([
    {
      ...{ what: 'uninstall', blocking: false },
      message: expect.stringContaining('is being uninstalled, by erin since'),
      fix: expect.stringContaining('portcullis reinstall'),
    },
  ]);
  await store.uninstall.end('erin');
  expect((await missing(await store.now())).map(({ what }) => what)).toEqual(['organization', 'scope']);
});
