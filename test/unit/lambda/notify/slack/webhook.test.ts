import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, it } from 'vitest';
import { type Manner, type Receiver, startReceiver } from '../../../../worlds/http-receiver.ts';
import { createWorld, fixture, openRule, ssh } from '../../../../worlds/lambda.ts';

const clock = { now: () => new Date(), sleep: (milliseconds: number) => sleep(milliseconds) };
const receivers: Receiver[] = [];
afterAll(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
});

async function start(...manners: Manner[]): Promise<Receiver> {
  const receiver = await startReceiver(...manners);
  receivers.push(receiver);
  return receiver;
}

/** A world whose webhook is a real server, with real time. */
function worldOf(url: string) {
  const world = createWorld({ fetch: globalThis.fetch, clock });
  world.secret = `${url}/services/T000/B000/SECRETxyz`;
  return world;
}

const ok = { status: 200 };
const says = (status: number, body: string) => ({ status, body });
const limited = (after: string) => ({ status: 429, headers: { 'retry-after': after }, body: 'rate_limited' });

/** What the receiver does, the result, and how many requests arrive. */
const rows: [string, Manner[], 'sent' | 'failed', RegExp | undefined, number][] = [
  ['accepts it', [ok], 'sent', undefined, 1],
  ['is slow', [{ status: 200, afterMs: 900 }], 'sent', undefined, 1],
  ['answers in JSON', [says(200, '{"ok":true}')], 'sent', undefined, 1],
  ['resets the connection once', ['reset', ok], 'sent', undefined, 2],
  ['resets every connection', ['reset'], 'failed', /^Slack was not notified: TypeError/, 4],
  ['resets every connection during the answer', ['reset midway'], 'failed', /^Slack was not notified: /, 4],
  ['never answers', ['silence'], 'failed', /^Slack was not notified: TimeoutError$/, 3],
  ['answers without end', ['drip'], 'failed', /^Slack was not notified: TimeoutError$/, 3],
  ['redirects', [{ status: 301, headers: { location: '/elsewhere' } }], 'failed', /^Slack answered 301$/, 1],
  ['calls it invalid', [says(400, 'invalid_payload')], 'failed', /400 \(invalid_payload\)$/, 1],
  ['forbids it', [says(403, 'action_prohibited')], 'failed', /403 \(action_prohibited\)$/, 1],
  ['knows no such hook', [says(404, 'no_service')], 'failed', /404 \(no_service\)$/, 1],
  ['has archived the channel', [says(410, 'channel_is_archived')], 'failed', /410 \(channel_/, 1],
  ['asks for a second', [limited('1'), ok], 'sent', undefined, 2],
  ['asks for a day', [limited('86400')], 'failed', /^Slack answered 429 .* asks to wait 86400 s$/, 1],
  ['asks for longer than a number can be', [limited('9'.repeat(400)), ok], 'sent', undefined, 2],
  ['asks for less than nothing', [limited('-5'), ok], 'sent', undefined, 2],
  ['asks for no time', [limited('0'), ok], 'sent', undefined, 2],
  ['asks for nonsense', [limited('soon, please'), ok], 'sent', undefined, 2],
  ['asks for a date in the past', [limited('Wed, 21 Oct 2015 07:28:00 GMT'), ok], 'sent', undefined, 2],
  ['fails once', [says(500, 'rollup_error'), ok], 'sent', undefined, 2],
  ['fails always', [says(503, '<html>')], 'failed', /^Slack answered 503$/, 4],
  ['answers like a proxy', [says(200, '<html>Sign in</html>')], 'failed', /200 without ok$/, 1],
  ['answers nothing', [says(200, '')], 'failed', /200 without ok$/, 1],
  ['answers ten megabytes', [says(200, 'x'.repeat(10_000_000))], 'failed', /200 without ok$/, 1],
  [
    'reports an error at HTTP 200',
    [says(200, '{"ok":false,"error":"channel_not_found"}')],
    'failed',
    /200 \(channel_not_found\) without ok$/,
    1,
  ],
  [
    'repeats the secret',
    [says(404, 'no hook /services/T000/B000/SECRETxyz')],
    'failed',
    /^Slack answered 404$/,
    1,
  ],
];

describe.concurrent('a webhook that', () => {
  it.for(rows)('%s', async ([_, manners, status, error, arrivals], { expect }) => {
    const receiver = await start(...manners);
    const world = worldOf(receiver.url);
    const began = performance.now();
    await world.handler(ssh);
    expect(performance.now() - began).toBeLessThan(12_000);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', notification: { slack: { status } } }]);
    const reported = world.published[0]?.notification.slack.error;
    if (error) expect(reported).toMatch(error);
    else expect(reported).toBeUndefined();
    expect(receiver.received).toHaveLength(arrivals);
    for (const { path, body, headers } of receiver.received) {
      expect(path).toBe('/services/T000/B000/SECRETxyz');
      expect(headers['content-type']).toMatch(/^application\/json/);
      expect(JSON.parse(body)).toMatchObject({ text: expect.stringContaining('Ingress closed') });
    }
    expect([...world.log, JSON.stringify(world.published)].join('\n')).not.toMatch(/SECRETxyz|127\.0\.0\.1/);
  });

  it('does not exist is tried four times', async ({ expect }) => {
    const receiver = await start(ok);
    await receiver.stop();
    const world = worldOf(receiver.url);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    const slack = { status: 'failed', error: 'Slack was not notified: TypeError (ECONNREFUSED)' };
    expect(world.published).toMatchObject([{ notification: { slack } }]);
  });

  it('asks for a second is tried again no sooner', async ({ expect }) => {
    const receiver = await start(limited('1'), ok);
    await worldOf(receiver.url).handler(ssh);
    const [first, second] = receiver.received;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(990);
  });

  it('redirects is not followed', async ({ expect }) => {
    const elsewhere = await start(ok);
    const receiver = await start({ status: 307, headers: { location: `${elsewhere.url}/taken` } });
    await worldOf(receiver.url).handler(ssh);
    expect(elsewhere.received).toEqual([]);
  });

  it('is broken delays an event with forty groups only once', async ({ expect }) => {
    const receiver = await start('silence');
    const world = worldOf(receiver.url);
    for (let id = 10; id < 50; id += 1) world.addGroup(`sg-0a1b2c3d4e5f600${id}`, [openRule(id)]);
    const began = performance.now();
    await world.handler(fixture('authorize-by-name-without-rule-set'));
    expect(performance.now() - began).toBeLessThan(30_000);
    expect([...world.groups.values()].flat()).toEqual([]);
    expect(world.published).toHaveLength(41);
    const errors = world.published.map(({ notification }) => notification.slack.error ?? '');
    expect(errors.filter((error) => error.startsWith('Slack is left alone until 20')).length).toBeGreaterThan(
      30,
    );
    expect(errors.every((error) => error.includes('TimeoutError'))).toBe(true);
  });
});
