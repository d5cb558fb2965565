import { afterEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../../../lambda/contract/result.ts';
import { remediation } from '../../../../worlds/remediation-sample.ts';
import { answer, createSlackWorld } from './world.ts';

let world: Awaited<ReturnType<typeof createSlackWorld>>;
afterEach(() => world.receiver.stop());

const no = (error: string) => answer({ ok: false, error });
const of = (outcome: Outcome, groupId = 'sg-1') => remediation({ outcome, groupId });

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
  ])('that is %s is reported, and not shown', async (_, secret) => {
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
