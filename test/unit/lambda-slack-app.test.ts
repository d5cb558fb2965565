import { afterEach, describe, expect, it } from 'vitest';
import type { Announcement } from '../../lambda/announcement.ts';
import type { Outcome } from '../../lambda/result.ts';
import { remediation } from './remediation-sample.ts';
import { answer, brokenLedger, createSlackWorld } from './slack-world.ts';

let world: Awaited<ReturnType<typeof createSlackWorld>>;
afterEach(() => world.receiver.stop());

const day = 24 * 3_600_000;
const no = (error: string) => answer({ ok: false, error });
const of = (outcome: Outcome, groupId = 'sg-1') => remediation({ outcome, groupId });
const announcement = (change: Partial<Announcement> = {}): Announcement => ({
  schemaVersion: 1,
  time: '2026-03-02T09:00:00Z',
  policyDigest: 'f00d',
  name: 'games',
  owner: 'games@example.com',
  why: 'players connect from anywhere',
  ticket: 'SEC-1',
  expires: '2026-03-08T00:00:00Z',
  state: 'expiring',
  ...change,
});

describe('an app with a token', () => {
  it('posts to its channel, with no preview of any link', async () => {
    world = await createSlackWorld();
    expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'sent' });
    const [{ path, headers } = { path: '', headers: {} }] = world.receiver.received;
    expect(path).toBe('/api/chat.postMessage');
    expect(headers).toMatchObject({
      authorization: 'Bearer xoxb-1234-SECRET',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(world.posts()).toMatchObject([
      {
        channel: 'C1',
        unfurl_links: false,
        unfurl_media: false,
        text: expect.stringContaining('Ingress closed'),
      },
    ]);
    expect(world.posts()[0]).not.toHaveProperty('thread_ts');
  });

  it('has one thread for each group, in which only escalated and failed are shown to the whole channel', async () => {
    world = await createSlackWorld();
    for (const outcome of ['remediated', 'notified', 'escalated', 'failed', 'undecided'] as const)
      await world.slack.notify(of(outcome));
    await world.slack.notify(of('failed', 'sg-2'));
    await world.slack.notify({ ...of('remediated'), region: 'eu-central-1' });
    const thread = { channel: 'C1-by-id', thread_ts: '1700000000.000001' };
    expect(
      world
        .posts()
        .map(({ channel, thread_ts, reply_broadcast }) => ({ channel, thread_ts, reply_broadcast })),
    ).toEqual([
      { channel: 'C1' },
      thread,
      { ...thread, reply_broadcast: true },
      { ...thread, reply_broadcast: true },
      thread,
      { channel: 'C1' },
      { channel: 'C1' },
    ]);
  });

  it('begins a new thread after seven days', async () => {
    world = await createSlackWorld();
    await world.slack.notify(of('remediated'));
    world.time += 7 * day - 1;
    await world.slack.notify(of('remediated'));
    world.time += 2;
    await world.slack.notify(of('remediated'));
    await world.slack.notify(of('remediated'));
    const threads = world.posts().map(({ thread_ts }) => thread_ts);
    expect(threads).toEqual([undefined, '1700000000.000001', undefined, '1700000000.000003']);
  });

  it.each(['thread_not_found', 'cannot_reply_to_message', 'restricted_action_thread_locked'])(
    'begins a new thread where Slack says %s',
    async (error) => {
      world = await createSlackWorld();
      await world.slack.notify(of('remediated'));
      world.receiver.answer(no(error), world.takes);
      expect(await world.slack.notify(of('escalated'))).toEqual({ status: 'sent' });
      await world.slack.notify(of('notified'));
      const threads = world.posts().map(({ thread_ts }) => thread_ts);
      expect(threads).toEqual([undefined, '1700000000.000001', undefined, '1700000000.000002']);
    },
  );

  it('keeps the first of two threads that were begun at once', async () => {
    world = await createSlackWorld();
    await Promise.all([world.slack.notify(of('remediated')), world.slack.notify(of('notified'))]);
    await world.slack.notify(of('failed'));
    expect(world.posts()[2]?.thread_ts).toMatch(/^1700000000\.00000[12]$/);
  });

  it('begins a new thread in another channel, with the secret as it is five minutes later', async () => {
    world = await createSlackWorld();
    await world.slack.notify(of('remediated'));
    world.secret = JSON.stringify({
      token: 'xoxb-1234-SECRET',
      channel: 'C2',
      api: `${world.receiver.url}/api`,
    });
    world.time += 5 * 60_000 + 1;
    await world.slack.notify(of('remediated'));
    expect(world.posts()[1]).toMatchObject({ channel: 'C2' });
    expect(world.posts()[1]).not.toHaveProperty('thread_ts');
  });

  it('tells of a failed event once, however often it is tried again, and of the next as well', async () => {
    world = await createSlackWorld();
    world.receiver.answer(no('channel_not_found'), world.takes);
    expect(await world.slack.notify(of('failed'))).toMatchObject({ status: 'failed' });
    expect(await world.slack.notify(of('failed'))).toEqual({ status: 'sent' });
    expect(await world.slack.notify(of('failed'))).toEqual({ status: 'not-needed' });
    expect(await world.slack.notify(of('failed', 'sg-2'))).toEqual({ status: 'sent' });
    expect(await world.slack.notify(of('access-denied'))).toEqual({ status: 'sent' });
    expect(
      await world.slack.notify(remediation({ outcome: 'failed', groupId: 'sg-1', eventId: 'next' })),
    ).toEqual({
      status: 'sent',
    });
    expect(world.posts()).toHaveLength(5);
  });

  it.each(['sg-', 'sg-1/2', `sg-${'0'.repeat(5_000)}`, 'x'])(
    'has no thread for %s, which is no group',
    async (id) => {
      world = await createSlackWorld();
      await world.slack.notify(of('undecided', id));
      await world.slack.notify(of('undecided', id));
      expect(world.posts().map(({ thread_ts }) => thread_ts)).toEqual([undefined, undefined]);
      expect(world.log).toEqual([]);
    },
  );

  it('has a thread for each exception that is announced', async () => {
    world = await createSlackWorld();
    expect(await world.slack.announce(announcement())).toEqual({ status: 'sent' });
    await world.slack.announce(announcement({ state: 'expired' }));
    await world.slack.announce(announcement({ name: 'other' }));
    const posts = world.posts();
    expect(posts.map(({ thread_ts }) => thread_ts)).toEqual([undefined, '1700000000.000001', undefined]);
    expect(posts[0].text).toBe('Exception games expires on 2026-03-08 (games@example.com)');
    expect(posts[1].text).toBe('Exception expired: games (games@example.com)');
    expect(JSON.stringify(posts[0].blocks)).toMatch(
      /players connect from anywhere.*SEC-1|SEC-1.*players connect/,
    );
  });

  it.each(['throws', 'hangs'] as const)(
    'without a ledger that answers (it %s) tells all the same, unthreaded',
    async (manner) => {
      world = await createSlackWorld({ ledger: brokenLedger(manner) });
      const began = performance.now();
      for (let count = 0; count < 15; count += 1)
        expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'sent' });
      expect(performance.now() - began).toBeLessThan(2_500);
      expect(world.posts().filter(({ thread_ts }) => thread_ts !== undefined)).toEqual([]);
      expect(world.log).toHaveLength(1);
      expect(world.log[0]).toContain('ledger-failed');
    },
  );
});

describe('what Slack says no to at HTTP 200', () => {
  it.each([
    'invalid_auth',
    'channel_not_found',
    'not_in_channel',
    'is_archived',
    'msg_too_long',
    'invalid_blocks',
  ])('%s is refused at once', async (error) => {
    world = await createSlackWorld();
    world.receiver.answer(no(error));
    expect(await world.slack.notify(of('failed'))).toEqual({
      status: 'failed',
      error: `Slack answered 200 (${error}) without ok`,
    });
    expect(world.receiver.received).toHaveLength(1);
  });

  it.each(['ratelimited', 'rate_limited', 'internal_error', 'fatal_error', 'service_unavailable'])(
    '%s is tried again',
    async (error) => {
      world = await createSlackWorld();
      world.receiver.answer(no(error), no(error), world.takes);
      expect(await world.slack.notify(of('failed'))).toEqual({ status: 'sent' });
      expect(world.receiver.received).toHaveLength(3);
    },
  );

  it.each([
    ['nothing', { status: 200, body: '' }],
    ['a page', { status: 200, body: '<html>ok</html>' }],
    ['"ok" as a webhook would', { status: 200, body: 'ok' }],
    ['no ts', answer({ ok: true, channel: 'C1' })],
    ['another shape', answer({ ok: 'yes', ts: 5 })],
    ['a list', { status: 200, body: '[]' }],
    ['the token', answer({ ok: false, error: 'xoxb-1234-SECRET' })],
  ])('%s is no success', async (_, manner) => {
    world = await createSlackWorld();
    world.receiver.answer(manner);
    expect(await world.slack.notify(of('failed'))).toEqual({
      status: 'failed',
      error: 'Slack answered 200 without ok',
    });
    expect(world.receiver.received).toHaveLength(1);
  });
});

describe('a pause that Slack asks for', () => {
  const limited = (after: string) => ({ status: 429, headers: { 'retry-after': after }, body: '' });

  it('is kept where it fits', async () => {
    world = await createSlackWorld();
    const began = world.time;
    world.receiver.answer(limited('2'), limited('3'), world.takes);
    expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'sent' });
    expect(world.time - began).toBe(5_000);
  });

  it('that is longer ends the try, and nothing is posted until it is over, a minute at most', async () => {
    world = await createSlackWorld();
    world.receiver.answer(limited('30'), world.takes);
    const error = 'Slack answered 429 and asks to wait 30 s';
    expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'failed', error });
    world.time += 29_999;
    expect(await world.slack.notify(of('remediated'))).toEqual({
      status: 'failed',
      error: `Slack is left alone until 2026-03-02T09:15:40.000Z: ${error}`,
    });
    expect(world.receiver.received).toHaveLength(1);
    world.time += 1;
    expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'sent' });
    world.receiver.answer(limited('86400'), world.takes);
    await world.slack.notify(of('remediated'));
    world.time += 60_000;
    expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'sent' });
  });
});

describe('the secret', () => {
  const app = (change: object) => JSON.stringify({ token: 'xoxb-1234-SECRET', channel: 'C1', ...change });

  it.each([
    ['empty', ''],
    ['no address', 'SECRET'],
    ['an address in the clear', 'http://hooks.example.com/SECRET'],
    ['an address that begins like this machine’s', 'http://127.0.0.1.example.com/SECRET'],
    ['a file', 'file:///etc/SECRET'],
    ['broken JSON', '{"token": "xoxb-SECRET"'],
    ['JSON without a channel', '{"token": "xoxb-SECRET1"}'],
    ['a token with a line end', app({ token: 'xoxb-SECRET\r\nx-evil: 1' })],
    ['an API in the clear', app({ api: 'http://slack.example.com/SECRET' })],
    ['an unknown key', app({ thread: 'SECRET' })],
    ['a list', '["SECRET"]'],
  ])('that is %s is told, and not shown', async (_, secret) => {
    world = await createSlackWorld();
    world.secret = secret;
    const { status, error } = await world.slack.notify(of('failed'));
    expect(status).toBe('failed');
    expect(error).toMatch(/^the Slack secret is (neither an https address nor JSON|not JSON of the form)/);
    expect(error).not.toContain('SECRET');
  });

  it('that was changed is read anew when Slack refuses the old one, and the message goes out', async () => {
    world = await createSlackWorld();
    await world.slack.notify(of('remediated'));
    world.receiver.answer(({ headers }) =>
      headers.authorization === 'Bearer xoxb-5678-SECRET' ? world.takes : no('token_revoked'),
    );
    world.secret = JSON.stringify({
      token: 'xoxb-5678-SECRET',
      channel: 'C1',
      api: `${world.receiver.url}/api/`,
    });
    expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'sent' });
    expect(world.posts()).toHaveLength(3);
    expect(world.reads).toBe(2);
  });

  it('that was not changed is posted with once', async () => {
    world = await createSlackWorld();
    await world.slack.notify(of('remediated'));
    world.receiver.answer(no('token_revoked'));
    expect(await world.slack.notify(of('remediated'))).toMatchObject({ status: 'failed' });
    expect(world.posts()).toHaveLength(2);
    expect(world.reads).toBe(2);
  });

  it('is read anew after Slack stumbled over it', async () => {
    world = await createSlackWorld();
    world.receiver.answer({ status: 500 });
    expect(await world.slack.notify(of('remediated'))).toMatchObject({ status: 'failed' });
    world.receiver.answer(world.takes);
    world.time += 5_000;
    expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'sent' });
    await world.slack.notify(of('remediated'));
    expect(world.reads).toBe(2);
  });

  it('whose service fails is not asked for five seconds', async () => {
    world = await createSlackWorld();
    const good = world.secret;
    world.secret = Object.assign(new Error('at SECRET'), { name: 'InternalServiceError' });
    const error = 'the Slack secret could not be read: InternalServiceError';
    expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'failed', error });
    world.secret = good;
    expect(await world.slack.notify(of('remediated'))).toMatchObject({
      error: expect.stringContaining('left alone'),
    });
    expect(world.reads).toBe(1);
    world.time += 5_000;
    expect(await world.slack.notify(of('remediated'))).toEqual({ status: 'sent' });
  });
});
