import { afterEach, describe, expect, it } from 'vitest';
import type { Announcement } from '../../../../../lambda/contract/announcement.ts';
import type { Outcome } from '../../../../../lambda/contract/result.ts';
import { remediation } from '../../../../worlds/remediation-sample.ts';
import { answer, brokenLedger, createSlackWorld } from './world.ts';

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
      expect(performance.now() - began).toBeLessThan(12_000);
      expect(world.posts().filter(({ thread_ts }) => thread_ts !== undefined)).toEqual([]);
      expect(world.log).toHaveLength(1);
      expect(world.log[0]).toContain('ledger-failed');
    },
  );
});
