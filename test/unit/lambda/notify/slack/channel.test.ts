import { describe, expect, it } from 'vitest';
import { createWorld, fixture, openRule, otherGroupId, ssh } from '../../../../worlds/lambda.ts';

describe('Slack', () => {
  it('is notified after the revoke, and before the result is published', async () => {
    const world = createWorld();
    const steps: string[] = [];
    for (const call of ['revokeIngress', 'readSecret', 'putEvent'])
      world.before.set(call, () => steps.push(call));
    await world.handler(ssh);
    expect(steps).toEqual(['revokeIngress', 'readSecret', 'putEvent']);
  });

  it('is notified of no group before every group of the event is closed', async () => {
    const world = createWorld();
    world.addGroup(otherGroupId, [openRule(2)]);
    const left: number[] = [];
    world.before.set('readSecret', () => left.push([...world.groups.values()].flat().length));
    await world.handler(fixture('authorize-by-name-without-rule-set'));
    expect(left[0]).toBe(0);
    expect(world.published).toHaveLength(2);
  });

  it('gets the text of an event without its markup', async () => {
    const world = createWorld();
    const detail = { ...(ssh.detail as object), sourceIPAddress: '<!channel> & co' };
    await world.handler({ ...ssh, detail });
    expect(world.slack.posts[0]).toContain('&lt;!channel&gt; &amp; co');
  });

  it('never has its address in a log or a result', async () => {
    const world = createWorld();
    world.slack.answers.push(...Array(3).fill(new Error(world.secret)));
    await world.handler(ssh);
    await world.handler(ssh);
    const written = [...world.log, JSON.stringify(world.published)].join('\n');
    expect(world.log.length).toBeGreaterThan(4);
    expect(written).not.toMatch(/SECRET|hooks\.example/);
  });
});
