import { describe, expect } from 'vitest';
import { announcement } from '../../../../worlds/remediation-sample.ts';
import { slackTest as it, refusal, resultOf } from './world.ts';

const day = 24 * 3_600_000;
describe('an app with a token', () => {
  it('posts to its channel, with no preview of any link', async ({ world }) => {
    expect(await world.notify('remediated')).toEqual({ status: 'sent' });
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

  it('has one thread for each group, in which only escalated and failed are shown to the whole channel', async ({
    world,
  }) => {
    for (const outcome of ['remediated', 'notified', 'escalated', 'failed', 'undecided'] as const)
      await world.notify(outcome);
    await world.notify('failed', 'sg-2');
    await world.slack.notify({ ...resultOf('remediated'), region: 'eu-central-1' });
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

  it('begins a new thread after seven days', async ({ world }) => {
    await world.notify('remediated');
    world.time += 7 * day - 1;
    await world.notify('remediated');
    world.time += 2;
    await world.notify('remediated');
    await world.notify('remediated');
    expect(world.threads()).toEqual([undefined, '1700000000.000001', undefined, '1700000000.000003']);
  });

  it.for(['thread_not_found', 'cannot_reply_to_message', 'restricted_action_thread_locked'])(
    'begins a new thread when Slack answers %s',
    async (error, { world }) => {
      await world.notify('remediated');
      world.receiver.answer(refusal(error), world.takes);
      expect(await world.notify('escalated')).toEqual({ status: 'sent' });
      await world.notify('notified');
      expect(world.threads()).toEqual([undefined, '1700000000.000001', undefined, '1700000000.000002']);
    },
  );

  it('keeps the first of two threads that begin at once', async ({ world }) => {
    await Promise.all([world.notify('remediated'), world.notify('notified')]);
    await world.notify('failed');
    expect(world.posts()[2]?.thread_ts).toMatch(/^1700000000\.00000[12]$/);
  });

  it('begins a new thread in another channel, with the secret as it is five minutes later', async ({
    world,
  }) => {
    await world.notify('remediated');
    world.setApp({ channel: 'C2' });
    world.time += 5 * 60_000 + 1;
    await world.notify('remediated');
    expect(world.posts()[1]).toMatchObject({ channel: 'C2' });
    expect(world.posts()[1]).not.toHaveProperty('thread_ts');
  });

  it('is sent a failed event once, however often it is retried, and the next event too', async ({
    world,
  }) => {
    world.receiver.answer(refusal('channel_not_found'), world.takes);
    expect(await world.notify('failed')).toMatchObject({ status: 'failed' });
    expect(await world.notify('failed')).toEqual({ status: 'sent' });
    expect(await world.notify('failed')).toEqual({ status: 'not-needed' });
    expect(await world.notify('failed', 'sg-2')).toEqual({ status: 'sent' });
    expect(await world.notify('access-denied')).toEqual({ status: 'sent' });
    const next = { ...resultOf('failed'), eventId: 'next' };
    expect(await world.slack.notify(next)).toEqual({ status: 'sent' });
    expect(world.posts()).toHaveLength(5);
  });

  it.for(['sg-', 'sg-1/2', `sg-${'0'.repeat(5_000)}`, 'x'])(
    'has no thread for %s, which is no group',
    async (id, { world }) => {
      await world.notify('undecided', id);
      await world.notify('undecided', id);
      expect(world.threads()).toEqual([undefined, undefined]);
      expect(world.log).toEqual([]);
    },
  );

  it('has one thread for each announced exception', async ({ world }) => {
    expect(await world.slack.announce(announcement())).toEqual({ status: 'sent' });
    await world.slack.announce(announcement({ state: 'expired' }));
    await world.slack.announce(announcement({ name: 'other' }));
    const posts = world.posts();
    expect(world.threads()).toEqual([undefined, '1700000000.000001', undefined]);
    expect(posts[0].text).toBe('Exception games expires on 2026-03-08 (games@example.com)');
    expect(posts[1].text).toBe('Exception expired: games (games@example.com)');
    expect(JSON.stringify(posts[0].blocks)).toMatch(
      /players connect from anywhere.*SEC-1|SEC-1.*players connect/,
    );
  });
});

describe.each(['throws', 'hangs'] as const)('with a ledger that %s', (manner) => {
  it.override({ manner });

  it('every message is sent, without a thread', async ({ world }) => {
    const began = performance.now();
    for (let count = 0; count < 15; count += 1)
      expect(await world.notify('remediated')).toEqual({ status: 'sent' });
    expect(performance.now() - began).toBeLessThan(12_000);
    expect(world.threads()).toEqual(Array(15).fill(undefined));
    expect(world.log).toHaveLength(1);
    expect(world.log[0]).toContain('ledger-failed');
  });
});
