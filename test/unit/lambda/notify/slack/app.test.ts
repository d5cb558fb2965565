import { describe, expect } from 'vitest';
import type { Manner } from '../../../../worlds/http-receiver.ts';
import { answer, slackTest as it, refusal } from './world.ts';

describe('an answer with an error at HTTP 200', () => {
  it.for([
    'invalid_auth',
    'channel_not_found',
    'not_in_channel',
    'is_archived',
    'msg_too_long',
    'invalid_blocks',
  ])('%s is refused at once', async (error, { world }) => {
    world.receiver.answer(refusal(error));
    const answered = `Slack answered 200 (${error}) without ok`;
    expect(await world.notify('failed')).toEqual({ status: 'failed', error: answered });
    expect(world.receiver.received).toHaveLength(1);
  });

  it.for(['ratelimited', 'rate_limited', 'internal_error', 'fatal_error', 'service_unavailable'])(
    '%s is tried again',
    async (error, { world }) => {
      world.receiver.answer(refusal(error), refusal(error), world.takes);
      expect(await world.notify('failed')).toEqual({ status: 'sent' });
      expect(world.receiver.received).toHaveLength(3);
    },
  );

  it.for<[string, Manner]>([
    ['nothing', { status: 200, body: '' }],
    ['a page', { status: 200, body: '<html>ok</html>' }],
    ['"ok" as a webhook would', { status: 200, body: 'ok' }],
    ['no ts', answer({ ok: true, channel: 'C1' })],
    ['another shape', answer({ ok: 'yes', ts: 5 })],
    ['a list', { status: 200, body: '[]' }],
    ['the token', answer({ ok: false, error: 'xoxb-1234-SECRET' })],
  ])('%s is no success', async ([, manner], { world }) => {
    world.receiver.answer(manner);
    const error = 'Slack answered 200 without ok';
    expect(await world.notify('failed')).toEqual({ status: 'failed', error });
    expect(world.receiver.received).toHaveLength(1);
  });
});

describe('a pause that Slack asks for', () => {
  const limited = (after: string) => ({ status: 429, headers: { 'retry-after': after }, body: '' });

  it('is kept when it fits', async ({ world }) => {
    const began = world.time;
    world.receiver.answer(limited('2'), limited('3'), world.takes);
    expect(await world.notify('remediated')).toEqual({ status: 'sent' });
    expect(world.time - began).toBe(5_000);
  });

  it('that is longer ends the attempt, and nothing is posted until it is over, for a minute at most', async ({
    world,
  }) => {
    world.receiver.answer(limited('30'), world.takes);
    const error = 'Slack answered 429 and asks to wait 30 s';
    expect(await world.notify('remediated')).toEqual({ status: 'failed', error });
    world.time += 29_999;
    expect(await world.notify('remediated')).toEqual({
      status: 'failed',
      error: `Slack is left alone until 2026-03-02T09:15:40.000Z: ${error}`,
    });
    expect(world.receiver.received).toHaveLength(1);
    world.time += 1;
    expect(await world.notify('remediated')).toEqual({ status: 'sent' });
    world.receiver.answer(limited('86400'), world.takes);
    await world.notify('remediated');
    world.time += 60_000;
    expect(await world.notify('remediated')).toEqual({ status: 'sent' });
  });
});

describe('the secret', () => {
  const app = (change: object) => JSON.stringify({ token: 'xoxb-1234-SECRET', channel: 'C1', ...change });

  it.for<[string, string]>([
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
  ])('that is %s is reported, and not shown', async ([, secret], { world }) => {
    world.secret = secret;
    const { status, error } = await world.notify('failed');
    expect(status).toBe('failed');
    expect(error).toMatch(/^the Slack secret is (neither an https address nor JSON|not JSON of the form)/);
    expect(error).not.toContain('SECRET');
  });

  it('that was changed is read again when Slack refuses the old one, and the message is sent', async ({
    world,
  }) => {
    await world.notify('remediated');
    world.receiver.answer(({ headers }) =>
      headers.authorization === 'Bearer xoxb-5678-SECRET' ? world.takes : refusal('token_revoked'),
    );
    world.setApp({ token: 'xoxb-5678-SECRET', api: `${world.receiver.url}/api/` });
    expect(await world.notify('remediated')).toEqual({ status: 'sent' });
    expect(world.posts()).toHaveLength(3);
    expect(world.reads).toBe(2);
  });

  it('that was not changed is tried once', async ({ world }) => {
    await world.notify('remediated');
    world.receiver.answer(refusal('token_revoked'));
    expect(await world.notify('remediated')).toMatchObject({ status: 'failed' });
    expect(world.posts()).toHaveLength(2);
    expect(world.reads).toBe(2);
  });

  it('is read again after a failed post', async ({ world }) => {
    world.receiver.answer({ status: 500 });
    expect(await world.notify('remediated')).toMatchObject({ status: 'failed' });
    world.receiver.answer(world.takes);
    world.time += 5_000;
    expect(await world.notify('remediated')).toEqual({ status: 'sent' });
    await world.notify('remediated');
    expect(world.reads).toBe(2);
  });

  it('whose service fails is not read for five seconds', async ({ world }) => {
    const good = world.secret;
    world.secret = Object.assign(new Error('at SECRET'), { name: 'InternalServiceError' });
    const error = 'the Slack secret could not be read: InternalServiceError';
    expect(await world.notify('remediated')).toEqual({ status: 'failed', error });
    world.secret = good;
    expect(await world.notify('remediated')).toMatchObject({
      error: expect.stringContaining('left alone'),
    });
    expect(world.reads).toBe(1);
    world.time += 5_000;
    expect(await world.notify('remediated')).toEqual({ status: 'sent' });
  });
});
