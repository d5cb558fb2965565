import { describe, expect, it } from 'vitest';
import { awsError, createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';

const ssh = fixture('authorize-nested');
const one = 'sgr-00000000000000001';

describe('an event of several groups that fail', () => {
  it('has each failure in the log', async () => {
    const world = createWorld();
    world.groups.set('sg-0a1b2c3d4e5f60002', []);
    world.names.set('sg-0a1b2c3d4e5f60002', 'web');
    world.before.set('describeRules', () => {
      throw awsError('Throttling');
    });
    await expect(world.handler(fixture('authorize-by-name-without-rule-set'))).rejects.toThrow(
      /to be retried/,
    );
    expect(world.log.filter((line) => line.includes('"step":"error"'))).toHaveLength(2);
  });
});

describe('what can heal', () => {
  it.each([
    ['assumeRole', awsError('Throttling')],
    ['describeGroups', awsError('RequestLimitExceeded', 503)],
    ['describeRules', awsError('InternalError', 500)],
    ['revokeIngress', awsError('Unavailable', 503)],
    ['describeRules', Object.assign(new Error('socket'), { code: 'ECONNRESET' })],
    ['describeGroups', awsError('ExpiredToken', 400)],
  ] as const)(
    '%s failing by %s is thrown without a result, and the retry closes the group',
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

  it('a failed reading after the revoke is reported with the revoke, and thrown', async () => {
    const world = createWorld();
    world.fail('describeRules', awsError('Throttling'), 2);
    await expect(world.handler(ssh)).rejects.toThrow(/to be retried.*Throttling/);
    expect(world.published).toMatchObject([
      { outcome: 'remediated', reason: expect.stringContaining('Throttling') },
    ]);
    await world.handler(ssh);
    expect(world.published[1]).toMatchObject({ outcome: 'rule-gone' });
  });

  it('a bus that takes no result gets it when the event comes again', async () => {
    const world = createWorld();
    world.fail('putEvent', awsError('InternalFailure', 500), 1);
    await expect(world.handler(ssh)).rejects.toThrow(/to be retried/);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toEqual([]);
    await world.handler(ssh);
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['remediated']);
    expect(world.published[0]).toMatchObject({
      findings: [{ ruleId: 'sgr-00000000000000001', action: 'revoked' }],
    });
    await world.handler(ssh);
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['remediated', 'rule-gone']);
  });
});

describe('what cannot heal', () => {
  it.each([
    ['assumeRole', 'AccessDenied', []],
    ['describeGroups', 'UnauthorizedOperation', []],
    ['describeRules', 'UnauthorizedOperation', []],
    ['revokeIngress', 'UnauthorizedOperation', [{ ruleId: one, action: 'failed' }]],
  ] as const)('%s denied is a result, a message and an error', async (call, name, findings) => {
    const world = createWorld();
    world.fail(call, awsError(name, 403));
    await expect(world.handler(ssh)).rejects.toThrow(new RegExp(`^access-denied: .*${name}`));
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([
      { outcome: 'access-denied', reason: expect.stringContaining(name), findings },
    ]);
    expect(world.slack.posts).toHaveLength(1);
  });

  it('an unknown error is a result "failed" and an error', async () => {
    const world = createWorld();
    world.fail('revokeIngress', awsError('InvalidParameterValue'));
    await expect(world.handler(ssh)).rejects.toThrow(/^terminal: .*InvalidParameterValue/);
    expect(world.published).toMatchObject([
      { outcome: 'failed', findings: [{ action: 'failed', error: expect.stringContaining('Invalid') }] },
    ]);
  });

  it('a rule still listed after its revoke is "failed" and an error', async () => {
    const world = createWorld();
    const stubborn = world.groups.get(groupId) ?? [];
    world.before.set('describeRules', () => world.groups.set(groupId, stubborn));
    await expect(world.handler(ssh)).rejects.toThrow(/still listed/);
    expect(world.published).toMatchObject([{ outcome: 'failed', findings: [{ action: 'failed' }] }]);
  });

  it('a denied role is asked for anew by the next event', async () => {
    const world = createWorld();
    world.fail('describeGroups', awsError('AuthFailure', 401), 1);
    await expect(world.handler(ssh)).rejects.toThrow(/access-denied/);
    await world.handler(ssh);
    expect(world.sessions).toHaveLength(2);
  });

  it('one group denied does not keep another from being closed', async () => {
    const world = createWorld();
    const other = 'sg-0a1b2c3d4e5f60002';
    world.groups.set(other, [openRule(2, { GroupId: other })]);
    world.names.set(other, 'web');
    world.fail('revokeIngress', awsError('UnauthorizedOperation', 403), 1);
    await expect(world.handler(fixture('authorize-by-name-without-rule-set'))).rejects.toThrow(
      /access-denied/,
    );
    expect(world.published.map(({ outcome }) => outcome).sort()).toEqual(['access-denied', 'remediated']);
    expect(world.groups.get(other)).toEqual([]);
  });
});
