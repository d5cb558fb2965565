import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { SNSClient } from '@aws-sdk/client-sns';
import { beforeEach, expect } from 'vitest';
import { coverageSchema } from '../../../../controlplane/stacks/coverage-event.ts';
import type { RegionCoverage, TrailCheck } from '../../../../controlplane/stacks/trail-check.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { coverageAnnouncer } from '../../../../controlplane/trails/announcer.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { organizationArn } from '../../../worlds/trail-sample.ts';

const yes: TrailCheck = { covered: true, trailArn: organizationArn, kind: 'organization' };
const no: TrailCheck = {
  covered: false,
  reason: 'stopped',
  problems: [
    { cause: 'stopped', trailArn: organizationArn, message: 'logging is stopped', mend: 'start it' },
  ],
};
const unknown: TrailCheck = { covered: 'unknown', reason: 'denied' };
const seen = (...checks: TrailCheck[]): RegionCoverage[] =>
  checks.map((trail, index) => ({ region: `region-${index}`, trail }));

const hub = { accountId: '222222222222', region: 'eu-west-1' };
const alarm = `arn:aws:sns:us-east-2:${hub.accountId}:alarm`;
const people = `arn:aws:sns:eu-west-1:${hub.accountId}:people.fifo`;
const log = makeLogger('silent');

let sent: { to: string; at: string; input: Record<string, unknown> }[];
let broken: string | undefined;
beforeEach(() => {
  sent = [];
  broken = undefined;
});
const client = (to: string) => async (account: string, region: string) =>
  ({
    send: async ({ input }: { input: Record<string, unknown> }) => {
      if (broken === to) throw new Error('unreachable');
      if (broken === `${to} entry`) return { Entries: [{ ErrorCode: 'NotAuthorized', ErrorMessage: 'no' }] };
      sent.push({ to, at: `${account} ${region}`, input });
      return { Entries: [{ EventId: '1' }] };
    },
  }) as unknown;
const aws = {
  eventBridge: client('bus') as (account: string, region: string) => Promise<EventBridgeClient>,
  sns: client('topic') as (account: string, region: string) => Promise<SNSClient>,
};
const announcerOn = (store: Store, topics: { alarm?: string; people?: string } = {}) =>
  coverageAnnouncer({
    store,
    aws,
    settings: { hub, alarmTopicArn: topics.alarm, notificationTopicArn: topics.people },
    log,
  });
let accounts = 0;
const newAccount = () => {
  accounts += 1;
  return { id: String(300_000_000_000 + accounts), name: `account-${accounts}` };
};
const detailsOf = (to: string) =>
  sent
    .filter((one) => one.to === to)
    .map(({ input }) => {
      const [entry] = (input.Entries ?? []) as { Detail: string }[];
      return coverageSchema.parse(JSON.parse(entry?.Detail ?? String(input.Message)));
    });

const lines = async (store: Store, accountId: string) =>
  (await store.audit.list(500))
    .filter(({ details }) => details.account === accountId)
    .map(({ what }) => what);

test('a loss is reported once: an audit line, the org bus, both topics', async ({ store }) => {
  const announce = announcerOn(store, { alarm, people });
  const account = newAccount();
  await announce(account, [], seen(yes, yes));
  expect(sent).toEqual([]);
  await announce(account, seen(yes, yes), seen(no, yes));
  await announce(account, seen(no, yes), seen(no, yes));
  expect(sent.map(({ to, at }) => `${to} ${at}`)).toEqual([
    `bus ${hub.accountId} eu-west-1`,
    `topic ${hub.accountId} us-east-2`,
    `topic ${hub.accountId} eu-west-1`,
  ]);
  expect(sent[0]?.input.Entries).toMatchObject([
    { EventBusName: 'portcullis', Source: 'portcullis', DetailType: 'Portcullis Coverage' },
  ]);
  const [detail] = detailsOf('bus');
  expect(detail).toMatchObject({
    change: 'lost',
    account: account.id,
    accountName: account.name,
    regions: [
      { region: 'region-0', trail: organizationArn, problems: [{ cause: 'stopped', mend: 'start it' }] },
    ],
  });
  expect(detail?.summary).toMatch(/gets no events in region-0 any more.*logging is stopped\. Fix: start it/);
  expect(sent[2]?.input).toMatchObject({
    TopicArn: people,
    Subject: `Portcullis: coverage lost in ${account.id} ${account.name}`,
    MessageGroupId: `coverage-${account.id}`,
  });
  expect(detailsOf('topic')).toEqual([detail, detail]);
  expect(await lines(store, account.id)).toEqual(['coverage lost']);
});

test('regained coverage is reported too, and a second loss is a separate change', async ({ store }) => {
  const announce = announcerOn(store);
  const account = newAccount();
  for (const check of [yes, no, yes, unknown, no, no]) await announce(account, [], seen(check));
  expect(detailsOf('bus').map(({ change }) => change)).toEqual(['lost', 'regained', 'lost']);
  expect(new Set(detailsOf('bus').map(({ id }) => id)).size).toBe(3);
  expect(await lines(store, account.id)).toEqual(['coverage lost', 'coverage regained', 'coverage lost']);
});

test('an account without an inspection uses its recorded coverage', async ({ store }) => {
  const announce = announcerOn(store);
  await announce(newAccount(), seen(yes), seen(no));
  await announce(newAccount(), [], seen(no));
  expect(detailsOf('bus')).toHaveLength(1);
});

test.for(['bus', 'bus entry', 'topic'])(
  'where the %s fails it is notified at the next inspection, and no channel twice',
  async (what, { store }) => {
    const announce = announcerOn(store, { alarm });
    const account = newAccount();
    await announce(account, seen(yes), []);
    broken = what;
    await announce(account, [], seen(yes));
    await announce(account, [], seen(no));
    expect(sent).toHaveLength(1);
    broken = undefined;
    await announce(account, [], seen(no));
    await announce(account, [], seen(no));
    expect(sent.map(({ to }) => to).sort()).toEqual(['bus', 'topic']);
    expect(await lines(store, account.id)).toEqual(['coverage lost']);
  },
);

test('a notice recorded before a crash is sent by the next inspection', async ({ store }) => {
  const account = newAccount();
  await store.coverage.observe(account, seen(yes), seen(no));
  await announcerOn(store)(account, seen(no), seen(no));
  expect(detailsOf('bus')).toHaveLength(1);
  expect(await lines(store, account.id)).toEqual(['coverage lost']);
});

test('inspections at the same moment make one notice', async ({ store }) => {
  const account = newAccount();
  await Promise.all([1, 2, 3].map(() => store.coverage.observe(account, seen(yes), seen(no))));
  expect(await store.coverage.pending(account.id)).toHaveLength(1);
});

test('one trail that stops for many accounts is an event for each, and five messages of a topic', async ({
  store,
}) => {
  const announce = announcerOn(store, { alarm: `${alarm}-${accounts}` });
  const other: TrailCheck = { ...yes, trailArn: `${organizationArn}-${accounts}` };
  for (let count = 0; count < 12; count += 1) await announce(newAccount(), seen(other), seen(no));
  expect(detailsOf('bus')).toHaveLength(12);
  const reported = detailsOf('topic').map(({ summary }) => /Further accounts/.test(summary));
  expect(reported).toEqual([false, false, false, false, true]);
});
