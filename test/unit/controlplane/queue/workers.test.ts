import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { createShutdown } from '../../../../controlplane/queue/shutdown.ts';
import { joinWorkers, settingsDigest } from '../../../../controlplane/queue/workers.ts';
import { readSettings } from '../../../../controlplane/settings/environment.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';

let database: Database;
let store: Store;
test.beforeEach(({ given: embedded }) => {
  ({ database, store } = embedded);
});

const log = makeLogger('silent');
const shutdown = createShutdown(log);
let directory: string;
let lines: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-workers-'));
  lines = [];
});
afterEach(async () => {
  await shutdown.close();
  await rm(directory, { recursive: true });
});

/** The settings of a worker whose policy file has this text. */
async function settingsOf(more: Record<string, string> = {}, name = 'a', policy = 'version: 1') {
  const policyFile = join(directory, `${name}.yaml`);
  await writeFile(policyFile, policy);
  return readSettings({
    ...{ PORTCULLIS_HUB_ACCOUNT: '222222222222', PORTCULLIS_HUB_REGION: 'eu-west-1' },
    ...{ PULUMI_CONFIG_PASSPHRASE: 'x', PORTCULLIS_STATE: 's3://state', PORTCULLIS_POLICY: policyFile },
    ...more,
  });
}
type Settings = Awaited<ReturnType<typeof settingsOf>>;

const joined = (settings: Settings, alone = false) => {
  const received = makeLogger('warn', [], { write: (line) => lines.push(line) });
  return joinWorkers({ store, settings, log: received, shutdown, alone });
};

describe('workers differ', () => {
  test.each([
    ['PORTCULLIS_TRAILS', 'create'],
    ['PORTCULLIS_LOG_RETENTION_DAYS', '30'],
    ['PORTCULLIS_REGIONS', 'eu-west-1'],
    ['PORTCULLIS_LAYOUT', 'account'],
    ['PORTCULLIS_ORGANIZATIONAL_UNITS', 'ou-ab12-sandbox'],
    ['PORTCULLIS_EXCLUDE', '300000000001'],
    ['PORTCULLIS_CONTROL_TOWER_REGION', 'eu-west-1'],
    ['PORTCULLIS_SLACK_SECRET_ARN', 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack'],
    ['PORTCULLIS_ALARM_TOPIC_ARN', 'arn:aws:sns:eu-west-1:222222222222:alarms'],
    ['PORTCULLIS_NOTIFICATION_TOPIC_ARN', 'arn:aws:sns:eu-west-1:222222222222:closed'],
    ['PORTCULLIS_DEPLOYER_ROLE_ARN', 'arn:aws:iam::222222222222:role/deployer'],
    ['PORTCULLIS_EXTERNAL_ID', 'our-id'],
    ['PORTCULLIS_SECURITY_HUB', 'on'],
    ['PORTCULLIS_NARROWING', 'on'],
    ['PORTCULLIS_DELETE_LIMIT', '100'],
    ['PORTCULLIS_SHRINK_PERCENT', '50'],
  ])('where %s differs', async (name, value) => {
    const [one, other] = [await settingsOf(), await settingsOf({ [name]: value })];
    expect(await settingsDigest(one)).not.toBe(await settingsDigest(other));
  });

  test('where the programs or the text of the policy differ', async () => {
    const digest = await settingsDigest(await settingsOf());
    expect(await settingsDigest(await settingsOf(), 'another release')).not.toBe(digest);
    expect(await settingsDigest(await settingsOf({}, 'a', 'version: 1 # edited'))).not.toBe(digest);
  });

  test("by nothing that is the one worker's own", async () => {
    const own = {
      ...{
        PORTCULLIS_DATA: '/elsewhere',
        PORTCULLIS_PORT: '9000',
        PORTCULLIS_HOST: '::1',
        LOG_LEVEL: 'debug',
      },
      ...{ PORTCULLIS_PARALLEL: '9', PORTCULLIS_VERIFY_PARALLEL: '3', PORTCULLIS_AWS_PLUGIN: '/plugin' },
      ...{
        PORTCULLIS_TOKENS: 'ops:admin:0123456789abcdef',
        PORTCULLIS_ALLOWED_HOSTS: 'portcullis.example.com',
        PORTCULLIS_REQUESTS_PER_MINUTE: '60',
        PORTCULLIS_TOKEN: 'x',
        PORTCULLIS_URL: 'http://a',
      },
      ...{ DATABASE_URL: 'postgres://user:secret@there/db' },
    };
    const digest = await settingsDigest(await settingsOf());
    expect(await settingsDigest(await settingsOf(own, 'the same text elsewhere'))).toBe(digest);
  });
});

describe('a worker', () => {
  test('that is the only one is never held back, for any policy change', async () => {
    const { configurationMismatch: mismatch } = await joined(await settingsOf());
    expect(await mismatch()).toBeUndefined();
    await settingsOf({}, 'a', 'version: 1 # edited');
    expect(await mismatch()).toBeUndefined();
    expect(lines).toEqual([]);
  });

  test('names those that differ and says what to do, at its start and whenever asked', async () => {
    await joined(await settingsOf());
    const { configurationMismatch: mismatch } = await joined(
      await settingsOf({ PORTCULLIS_TRAILS: 'create' }, 'b'),
    );
    expect(await mismatch()).toMatch(
      new RegExp(
        `differ .*process ${process.pid}.*Start all with the same settings, release and policy file`,
      ),
    );
    expect(lines.join()).toContain('workers differ');
  });

  test('is held back by a policy edited for one alone until the other has it too', async () => {
    const one = await joined(await settingsOf());
    const other = await joined(await settingsOf({}, 'b'));
    expect(await one.configurationMismatch()).toBeUndefined();
    await settingsOf({}, 'a', 'version: 1 # edited');
    expect(await one.configurationMismatch()).toContain('policy file');
    expect(await other.configurationMismatch()).toContain('policy file');
    await settingsOf({}, 'b', 'version: 1 # edited');
    await other.seen();
    expect(await one.configurationMismatch()).toBeUndefined();
    expect(await other.configurationMismatch()).toBeUndefined();
  });

  test('goes on once those that differ were not seen for a minute', async () => {
    await joined(await settingsOf());
    await database.query(`update worker set seen_at = now() - interval '61 seconds'`);
    const { configurationMismatch: mismatch } = await joined(
      await settingsOf({ PORTCULLIS_TRAILS: 'create' }, 'b'),
    );
    expect(await mismatch()).toBeUndefined();
  });

  test('with exclusive use of the database forgets killed workers, also those with state elsewhere', async () => {
    await joined(await settingsOf());
    const after = await settingsOf({ PORTCULLIS_TRAILS: 'create', PORTCULLIS_STATE: 's3://moved' }, 'b');
    await expect(joined(after)).rejects.toMatchObject({ code: 'in-use' });
    const { configurationMismatch: mismatch } = await joined(after, true);
    expect(await mismatch()).toBeUndefined();
    expect(await store.workers.living()).toHaveLength(1);
  });
});
