import { describe, expect, it } from 'vitest';
import { awsError, createWorld, fixture, groupId, openRule, slackSecretArn } from './lambda-world.ts';

const ssh = fixture('authorize-nested');
const [one, two, three] = ['sgr-00000000000000001', 'sgr-00000000000000002', 'sgr-00000000000000003'];

describe('an open group', () => {
  it('is closed, looked at again, told to Slack and put on the bus', async () => {
    const world = createWorld();
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      {
        eventId: ssh.id,
        account: '300000000001',
        region: 'eu-west-1',
        groupId,
        groupName: 'web',
        vpcId: 'vpc-1',
        outcome: 'remediated',
        mode: 'revoke',
        eventName: 'AuthorizeSecurityGroupIngress',
        findings: [
          { ruleId: one, source: '0.0.0.0/0', fromPort: 22, policyRule: 'world-open', action: 'revoked' },
        ],
        notification: { slack: 'sent' },
        timeline: {
          eventTime: '2026-03-02T09:15:01Z',
          receivedAt: '2026-03-02T09:15:10.000Z',
          revokedAt: '2026-03-02T09:15:10.000Z',
        },
      },
    ]);
    expect(world.slack.posts[0]).toContain(one);
  });

  it.each([
    ['observe', '', 'observed', 'observed'],
    ['notify', '', 'notified', 'notified'],
    ['revoke', 'observe', 'observed', 'would-revoke'],
    ['revoke', 'notify', 'notified', 'would-revoke'],
    ['notify', 'observe', 'observed', 'observed'],
  ])('stays as it is under a rule in mode %s with cap "%s": %s', async (mode, cap, outcome, action) => {
    const world = createWorld({ mode, cap });
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([
      { outcome, findings: [{ action }], timeline: { revokedAt: null } },
    ]);
    expect(world.slack.posts).toHaveLength(outcome === 'notified' ? 1 : 0);
  });

  it('loses exactly the offending rule of several', async () => {
    const world = createWorld();
    const https = openRule(1, { FromPort: 443, ToPort: 443 });
    const egress = openRule(4, { IsEgress: true, IpProtocol: '-1' });
    world.groups.set(groupId, [
      https,
      openRule(2, { CidrIpv4: '10.0.0.0/8' }),
      openRule(3, { FromPort: 3389, ToPort: 3389 }),
      egress,
    ]);
    await world.handler(fixture('authorize-mixed'));
    expect(world.ruleIds()).toEqual([one, two, egress.SecurityGroupRuleId]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', findings: [{ ruleId: three }] }]);
  });

  it('is judged over all of its pages', async () => {
    const world = createWorld();
    world.pageSize = 2;
    world.groups.set(
      groupId,
      [1, 2, 3, 4].map((id) => openRule(id, { FromPort: 443, ToPort: 443 })).concat(openRule(5)),
    );
    await world.handler(ssh);
    expect(world.ruleIds()).toHaveLength(4);
  });

  it('named by name alone is found, in every VPC that has the name', async () => {
    const world = createWorld();
    const other = 'sg-0a1b2c3d4e5f60002';
    world.groups.set(other, [openRule(2, { GroupId: other })]);
    world.names.set(other, 'web');
    await world.handler(fixture('authorize-by-name-without-rule-set'));
    expect([...world.groups.values()]).toEqual([[], []]);
    expect(world.published.map((result) => result.groupId)).toEqual([groupId, other]);
  });

  it('keeps what is undecided, and the result lists it', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1), openRule(2, { CidrIpv4: undefined, PrefixListId: 'pl-1' })]);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([two]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', undecided: [{ ruleId: two }] }]);
  });
});

describe('nothing is touched', () => {
  it.each([
    ['a clean group', 'clean', 'authorize-nested', { FromPort: 443, ToPort: 443 }],
    ['ICMP', 'clean', 'authorize-icmp', { IpProtocol: 'icmp', FromPort: 8, ToPort: -1 }],
    [
      'a prefix list as source',
      'undecided',
      'authorize-prefix-list',
      { CidrIpv4: undefined, PrefixListId: 'pl-1' },
    ],
    [
      'a group as source',
      'clean',
      'authorize-source-group',
      { CidrIpv4: undefined, ReferencedGroupInfo: { GroupId: 'sg-2' } },
    ],
    ['a rule with two sources', 'undecided', 'authorize-nested', { CidrIpv6: '::/0' }],
    ['an edited prefix list', 'undecided', 'prefix-list-edited', {}],
    ['a dry run', 'ignored', 'authorize-dry-run', {}],
    ['a call of our own', 'ignored', 'authorize-by-own-role', {}],
    ['an unknown event', 'undecided', 'revoke-ingress', {}],
  ])('by %s: %s', async (_, outcome, name, change) => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1, change)]);
    await world.handler(fixture(name));
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([{ outcome, findings: [] }]);
    expect(world.slack.posts).toHaveLength(outcome === 'undecided' ? 1 : 0);
  });

  it('by an event without sense, which is reported', async () => {
    const world = createWorld();
    await world.handler({ id: 'x', account: 'y' });
    expect(world.published).toMatchObject([{ eventId: 'x', outcome: 'undecided', account: 'y' }]);
    expect(world.slack.posts).toHaveLength(1);
  });

  it('by a group that is gone', async () => {
    const world = createWorld();
    world.groups.clear();
    await world.handler(ssh);
    await world.handler(fixture('authorize-by-name-without-rule-set'));
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['group-gone', 'group-gone']);
  });

  it('by a rule that is gone', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(2, { FromPort: 443, ToPort: 443 })]);
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'rule-gone', findings: [] }]);
  });
});

describe('a failed duplicate', () => {
  it('is looked at, for the rule is open already', async () => {
    const world = createWorld();
    await world.handler(fixture('authorize-duplicate'));
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('a race', () => {
  it('with a rule that appears a moment late is won by a second look', async () => {
    const world = createWorld();
    world.groups.set(groupId, []);
    let looks = 0;
    world.before.set('describeRules', () => {
      looks += 1;
      if (looks === 2) world.groups.set(groupId, [openRule(1)]);
    });
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'remediated' }]);
    expect(world.ruleIds()).toEqual([]);
  });

  it('with another hand that removes a rule first still closes the others', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1), openRule(2)]);
    world.before.set('revokeIngress', () => {
      world.before.clear();
      world.groups.set(groupId, [openRule(2)]);
    });
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[0]?.findings.map(({ action }) => action)).toEqual(['already-gone', 'revoked']);
  });

  it('lost altogether is "rule-gone", not an error', async () => {
    const world = createWorld();
    world.before.set('revokeIngress', () => world.groups.set(groupId, []));
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'rule-gone', findings: [{ action: 'already-gone' }] }]);
  });

  it('with the group deleted under the revoke is "group-gone"', async () => {
    const world = createWorld();
    world.fail('revokeIngress', awsError('InvalidGroup.NotFound'));
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'group-gone' }]);
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

  it('a look afterwards that fails is told with the revoke, and thrown', async () => {
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
    await expect(world.handler(ssh)).rejects.toThrow(/^hopeless: .*InvalidParameterValue/);
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
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['access-denied', 'remediated']);
    expect(world.groups.get(other)).toEqual([]);
  });
});

describe('a replay', () => {
  it('changes nothing', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1), openRule(2, { FromPort: 443, ToPort: 443 })]);
    await world.handler(ssh);
    const after = world.ruleIds();
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual(after);
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['remediated', 'rule-gone']);
    expect(world.slack.posts).toHaveLength(1);
  });

  it('at the same moment closes the group once', async () => {
    const world = createWorld();
    await Promise.all([world.handler(ssh), world.handler(ssh), world.handler(ssh)]);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published.filter(({ outcome }) => outcome === 'remediated')).toHaveLength(1);
  });
});

describe('sessions', () => {
  it('are of the remediation role in the account of the envelope, and carry the event id', async () => {
    const world = createWorld();
    await world.handler(ssh);
    expect(world.sessions).toEqual([
      {
        roleArn: 'arn:aws:iam::300000000001:role/portcullis-remediation',
        sessionName: `portcullis-${ssh.id}`,
      },
    ]);
  });

  it('are kept until five minutes before they expire', async () => {
    const world = createWorld();
    await world.handler(ssh);
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

describe('Slack', () => {
  it.each([
    ['down', [503, 503, 503], 'Slack answered 503'],
    [
      'out of reach',
      Array(3).fill(new TypeError('fetch failed for https://hooks.example.com/SECRET')),
      'TypeError',
    ],
    ['refusing', [404], 'Slack answered 404'],
  ])('%s neither stops the revoke nor hides', async (_, answers, error) => {
    const world = createWorld();
    world.slack.answers.push(...answers);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      { outcome: 'remediated', notification: { slack: 'failed', error: expect.stringContaining(error) } },
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
    wrong.slack.secret = 'http://hooks.example.com/SECRET';
    for (const world of [denied, wrong]) {
      await world.handler(ssh);
      expect(world.published).toMatchObject([{ outcome: 'remediated', notification: { slack: 'failed' } }]);
    }
  });

  it('not configured is said', async () => {
    const world = createWorld({ slack: null });
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ notification: { slack: 'not-configured' } }]);
  });

  it('hears of a revoke only after it', async () => {
    const world = createWorld();
    const steps: string[] = [];
    for (const call of ['revokeIngress', 'readSecret', 'putEvent'])
      world.before.set(call, () => steps.push(call));
    await world.handler(ssh);
    expect(steps).toEqual(['revokeIngress', 'readSecret', 'putEvent']);
  });

  it('gets the text of an event without its markup', async () => {
    const world = createWorld();
    const event = fixture('authorize-nested');
    Object.assign(event.detail as object, { sourceIPAddress: '<!channel> & co' });
    await world.handler(event);
    expect(world.slack.posts[0]).toContain('&lt;!channel&gt; &amp; co');
  });

  it('never has its address in a log or a result', async () => {
    const world = createWorld();
    world.slack.answers.push(...Array(3).fill(new Error(world.slack.secret)));
    await world.handler(ssh);
    await world.handler(ssh);
    const said = [...world.log, JSON.stringify(world.published)].join('\n');
    expect(world.log.length).toBeGreaterThan(4);
    expect(said).not.toMatch(/SECRET|hooks\.example/);
    expect(slackSecretArn).toContain('secret:slack');
  });
});

describe('a result too large for an event', () => {
  it('is cut and counts what it left out', async () => {
    const world = createWorld({ mode: 'observe' });
    world.groups.set(
      groupId,
      Array.from({ length: 1_000 }, (_, id) => openRule(id)),
    );
    await world.handler(ssh);
    const [result] = world.published;
    expect(result?.omitted).toBeGreaterThan(0);
    expect((result?.findings.length ?? 0) + (result?.omitted ?? 0)).toBe(1_000);
    expect(JSON.stringify(result).length).toBeLessThan(256 * 1024);
  });
});
