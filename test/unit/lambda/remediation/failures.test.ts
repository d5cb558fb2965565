import { describe, expect, it } from 'vitest';
import {
  awsError,
  createWorld,
  fixture,
  groupId,
  openRule,
  otherGroupId,
  ssh,
} from '../../../worlds/lambda.ts';

const one = 'sgr-00000000000000001';

describe('an event of several groups', () => {
  /** Names both groups by their name. */
  const byName = fixture('authorize-by-name-without-rule-set');

  it('that all fail has each failure in the log', async () => {
    const world = createWorld();
    world.addGroup(otherGroupId, []);
    world.fail('describeRules', awsError('Throttling'));
    await expect(world.handler(byName)).rejects.toThrow(/to be retried/);
    expect(world.log.filter((line) => line.includes('"step":"error"'))).toHaveLength(2);
  });

  it('closes the others when one is denied', async () => {
    const world = createWorld();
    world.addGroup(otherGroupId, [openRule(2)]);
    world.fail('revokeIngress', awsError('UnauthorizedOperation', 403), 1);
    await expect(world.handler(byName)).rejects.toThrow(/access-denied/);
    expect(world.outcomes().sort()).toEqual(['access-denied', 'remediated']);
    expect(world.groups.get(otherGroupId)).toEqual([]);
  });
});

describe('a retryable failure', () => {
  it.each([
    ['assumeRole', awsError('Throttling')],
    ['describeGroups', awsError('RequestLimitExceeded', 503)],
    ['describeRules', awsError('InternalError', 500)],
    ['revokeIngress', awsError('Unavailable', 503)],
    ['describeRules', Object.assign(new Error('socket'), { code: 'ECONNRESET' })],
    ['describeGroups', awsError('ExpiredToken', 400)],
  ] as const)(
    'of %s by %s is thrown without a result, and the retry closes the group',
    async (call, error) => {
      const world = createWorld();
      world.fail(call, error, 1);
      await expect(world.handler(ssh)).rejects.toThrow(
        /^to be retried: AuthorizeSecurityGroupIngress .* in 300000000001 eu-west-1/,
      );
      expect(world.ruleIds()).toEqual([one]);
      expect(world.published).toEqual([]);
      await world.handler(ssh);
      expect(world.ruleIds()).toEqual([]);
      expect(world.published).toMatchObject([{ outcome: 'remediated' }]);
    },
  );

  it('of the reading after the revoke is reported with the revoke, and thrown', async () => {
    const world = createWorld();
    world.fail('describeRules', awsError('Throttling'), 2);
    await expect(world.handler(ssh)).rejects.toThrow(/to be retried.*Throttling/);
    expect(world.published).toMatchObject([
      { outcome: 'remediated', reason: expect.stringContaining('Throttling') },
    ]);
    await world.handler(ssh);
    expect(world.published[1]).toMatchObject({ outcome: 'rule-gone' });
  });

  it('of the bus leaves the result to the retry', async () => {
    const world = createWorld();
    world.fail('putEvent', awsError('InternalFailure', 500), 1);
    await expect(world.handler(ssh)).rejects.toThrow(/to be retried/);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toEqual([]);
    await world.handler(ssh);
    expect(world.published).toMatchObject([
      { outcome: 'remediated', findings: [{ ruleId: one, action: 'revoked' }] },
    ]);
    await world.handler(ssh);
    expect(world.outcomes()).toEqual(['remediated', 'rule-gone']);
  });
});

describe('a terminal failure', () => {
  it.each([
    ['assumeRole', 'AccessDenied', []],
    ['describeGroups', 'UnauthorizedOperation', []],
    ['describeRules', 'UnauthorizedOperation', []],
    ['revokeIngress', 'UnauthorizedOperation', [{ ruleId: one, action: 'failed' }]],
  ] as const)('of %s, denied by %s, is a result, a message and an error', async (call, name, findings) => {
    const world = createWorld();
    world.fail(call, awsError(name, 403));
    await expect(world.handler(ssh)).rejects.toThrow(new RegExp(`^access-denied: .*${name}`));
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([
      { outcome: 'access-denied', reason: expect.stringContaining(name), findings },
    ]);
    expect(world.slack.posts).toHaveLength(1);
  });

  it('by an unknown error is a result "failed" and an error', async () => {
    const world = createWorld();
    world.fail('revokeIngress', awsError('InvalidParameterValue'));
    await expect(world.handler(ssh)).rejects.toThrow(/^terminal: .*InvalidParameterValue/);
    expect(world.published).toMatchObject([
      { outcome: 'failed', findings: [{ action: 'failed', error: expect.stringContaining('Invalid') }] },
    ]);
  });

  it('of a rule that is listed after its revoke is "failed" and an error', async () => {
    const world = createWorld();
    const stubborn = world.groups.get(groupId) ?? [];
    world.before.set('describeRules', () => world.groups.set(groupId, stubborn));
    await expect(world.handler(ssh)).rejects.toThrow(/still listed/);
    expect(world.published).toMatchObject([{ outcome: 'failed', findings: [{ action: 'failed' }] }]);
  });

  it('of a result that its schema refuses is an error after the message and the log, which has the undo', async () => {
    const tags = [{ Key: 'Name', Value: 7 as unknown as string }];
    const world = createWorld({ rules: [openRule(1, { Tags: tags })] });
    await expect(world.handler(ssh)).rejects.toThrow(/^terminal: .*undo/s);
    expect(world.published).toEqual([]);
    expect(world.slack.posts).toHaveLength(1);
    const logged = world.log.map((line) => JSON.parse(line)).find(({ step }) => step === 'result');
    expect(logged).toMatchObject({
      notification: { slack: { status: 'sent' } },
      findings: [{ ruleId: one, action: 'revoked', undo: { tags } }],
    });
  });

  it('of the role makes the next event assume it again', async () => {
    const world = createWorld();
    world.fail('describeGroups', awsError('AuthFailure', 401), 1);
    await expect(world.handler(ssh)).rejects.toThrow(/access-denied/);
    await world.handler(ssh);
    expect(world.sessions).toHaveLength(2);
  });
});
