import { describe, expect, it } from 'vitest';
import { afterEvent, createWorld, ssh } from '../../../worlds/lambda.ts';

describe('sessions', () => {
  it('are of the remediation role in the account of the envelope, and carry the event id', async () => {
    const world = await afterEvent(ssh);
    expect(world.sessions).toEqual([
      {
        roleArn: 'arn:aws:iam::300000000001:role/portcullis-remediation',
        sessionName: `portcullis-${ssh.id}`,
      },
    ]);
  });

  it('are kept until five minutes before they expire', async () => {
    const world = await afterEvent(ssh);
    world.time += 54 * 60_000;
    await world.handler(ssh);
    expect(world.sessions).toHaveLength(1);
    world.time += 60_000;
    await world.handler(ssh);
    expect(world.sessions).toHaveLength(2);
  });

  it('are shared by concurrent events', async () => {
    const world = createWorld();
    await Promise.all([world.handler(ssh), world.handler(ssh)]);
    expect(world.sessions).toHaveLength(1);
    world.time += 3_600_000;
    await Promise.all([world.handler(ssh), world.handler(ssh), world.handler(ssh)]);
    expect(world.sessions).toHaveLength(2);
  });
});
