import { describe, expect, it } from 'vitest';
import { afterEvent, awsError, createWorld, fixture, openRule, ssh } from '../../../../worlds/lambda.ts';

describe('Slack', () => {
  it.each([
    ['down', Array(4).fill(503), 'Slack answered 503'],
    [
      'out of reach',
      Array(4).fill(new TypeError('fetch failed for https://hooks.example.com/SECRET')),
      'TypeError',
    ],
    ['refusing', [404], 'Slack answered 404'],
  ])('%s neither stops the revoke nor hides', async (_, answers, error) => {
    const world = createWorld();
    world.slack.answers.push(...answers);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      {
        outcome: 'remediated',
        notification: { slack: { status: 'failed', error: expect.stringContaining(error) } },
      },
    ]);
  });

  it('that stumbles is tried again', async () => {
    const world = createWorld();
    world.slack.answers.push(500, 429);
    await world.handler(ssh);
    expect(world.slack.posts).toHaveLength(1);
  });

  it('with a secret that may not be read or is no address is a failed notification', async () => {
    const denied = createWorld();
    denied.fail('readSecret', awsError('AccessDeniedException'));
    const wrong = createWorld();
    wrong.secret = 'http://hooks.example.com/SECRET';
    for (const world of [denied, wrong]) {
      await world.handler(ssh);
      expect(world.published).toMatchObject([
        { outcome: 'remediated', notification: { slack: { status: 'failed' } } },
      ]);
    }
  });

  it('not configured is said', async () => {
    const world = await afterEvent(ssh, { slack: null });
    expect(world.published).toMatchObject([{ notification: { slack: { status: 'not-configured' } } }]);
  });

  it('hears of a revoke only after it', async () => {
    const world = createWorld();
    const steps: string[] = [];
    for (const call of ['revokeIngress', 'readSecret', 'putEvent'])
      world.before.set(call, () => steps.push(call));
    await world.handler(ssh);
    expect(steps).toEqual(['revokeIngress', 'readSecret', 'putEvent']);
  });

  it('hears of no group before every group of the event is closed', async () => {
    const world = createWorld();
    const other = 'sg-0a1b2c3d4e5f60002';
    world.groups.set(other, [openRule(2, { GroupId: other })]);
    world.names.set(other, 'web');
    const left: number[] = [];
    world.before.set('readSecret', () => left.push([...world.groups.values()].flat().length));
    await world.handler(fixture('authorize-by-name-without-rule-set'));
    expect(left[0]).toBe(0);
    expect(world.published).toHaveLength(2);
  });

  it('gets the text of an event without its markup', async () => {
    const world = createWorld();
    const event = ssh;
    Object.assign(event.detail as object, { sourceIPAddress: '<!channel> & co' });
    await world.handler(event);
    expect(world.slack.posts[0]).toContain('&lt;!channel&gt; &amp; co');
  });

  it('never has its address in a log or a result', async () => {
    const world = createWorld();
    world.slack.answers.push(...Array(3).fill(new Error(world.secret)));
    await world.handler(ssh);
    await world.handler(ssh);
    const said = [...world.log, JSON.stringify(world.published)].join('\n');
    expect(world.log.length).toBeGreaterThan(4);
    expect(said).not.toMatch(/SECRET|hooks\.example/);
  });
});
