import type { AwsSecurityFinding, ImportFindingsError } from '@aws-sdk/client-securityhub';
import { describe, expect, it } from 'vitest';
import type { Member, Session } from '../../../../lambda/aws/cloud.ts';
import { actions } from '../../../../lambda/contract/result.ts';
import { createSecurityHub } from '../../../../lambda/notify/security-hub/channel.ts';
import { toAsff } from '../../../../lambda/notify/security-hub/finding.ts';
import { awsError } from '../../../worlds/lambda.ts';
import { remediation, finding as sample } from '../../../worlds/remediation-sample.ts';
import { asffSchema } from './asff.ts';

const finding = sample({
  ruleId: 'sgr-00000000000000001',
  message: 'Use Session Manager.',
  why: 'tcp 22 is open to the world',
});
const result = remediation({ findings: [finding], vpcId: 'vpc-1' });
const numbered = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ ...finding, ruleId: `sgr-${String(id).padStart(17, '0')}` }));

describe('a finding in the AWS Security Finding Format', () => {
  it('names rule, group and what happened to them', () => {
    const called = {
      ...result,
      owner: { tag: 'Owner', value: 'payments' },
      actor: { ...result.actor, principal: 'arn:x', tool: 'terraform' },
      timeline: { ...result.timeline, eventTime: '2026-03-02T09:15:01Z' },
    };
    const [asff] = toAsff(called, 'aws');
    expect(asffSchema.parse(asff)).toMatchObject({
      Id: 'eu-west-1/300000000001/sg-0a1b2c3d4e5f60001/sgr-00000000000000001',
      ProductArn: 'arn:aws:securityhub:eu-west-1:300000000001:product/300000000001/default',
      GeneratorId: 'portcullis/admin-ports',
      AwsAccountId: '300000000001',
      Severity: { Label: 'CRITICAL', Original: 'critical' },
      FindingProviderFields: { Severity: { Label: 'CRITICAL' } },
      CreatedAt: '2026-03-02T09:15:01.000Z',
      UpdatedAt: '2026-03-02T09:15:10Z',
      Title: 'Security group sg-0a1b2c3d4e5f60001 allows tcp 22 from 0.0.0.0/0, which admin-ports forbids',
      Description: 'tcp 22 is open to the world. Use Session Manager.',
      ProductFields: {
        'portcullis/Action': 'revoked',
        'portcullis/Principal': 'arn:x',
        'portcullis/Tool': 'terraform',
        'portcullis/Owner': 'Owner=payments',
        'portcullis/PolicyDigest': 'f00d',
      },
      Resources: [
        {
          Id: 'arn:aws:ec2:eu-west-1:300000000001:security-group/sg-0a1b2c3d4e5f60001',
          Partition: 'aws',
          Details: { AwsEc2SecurityGroup: { GroupName: 'web', VpcId: 'vpc-1' } },
        },
      ],
    });
    expect(asff?.Remediation?.Recommendation?.Text).toContain(
      `portcullis restore ${result.eventId}:${result.groupId}`,
    );
  });

  it.each([
    ['revoked', 'PASSED', 'RESOLVED', 'ARCHIVED'],
    ['narrowed', 'PASSED', 'RESOLVED', 'ARCHIVED'],
    ['already-gone', 'PASSED', 'RESOLVED', 'ARCHIVED'],
    ['would-revoke', 'FAILED', 'NEW', 'ACTIVE'],
    ['escalated', 'FAILED', 'NEW', 'ACTIVE'],
    ['notified', 'FAILED', 'NEW', 'ACTIVE'],
    ['observed', 'FAILED', 'NEW', 'ACTIVE'],
    ['failed', 'FAILED', 'NEW', 'ACTIVE'],
  ] as const)('of a rule that was %s is %s, %s and %s', (action, compliance, workflow, state) => {
    const [asff] = toAsff({ ...result, findings: [{ ...finding, action }] }, 'aws');
    expect(asffSchema.parse(asff)).toMatchObject({
      Compliance: { Status: compliance },
      Workflow: { Status: workflow },
      RecordState: state,
    });
  });

  it('keeps its id for every action', () => {
    const ids = actions.map(
      (action) => toAsff({ ...result, findings: [{ ...finding, action }] }, 'aws')[0]?.Id,
    );
    expect(new Set(ids).size).toBe(1);
  });

  it.each([
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-cn', 'cn-northwest-1'],
  ])('has the ARNs of %s', (partition, region) => {
    const [asff] = toAsff({ ...result, region }, partition);
    expect(asffSchema.parse(asff)).toMatchObject({
      ProductArn: `arn:${partition}:securityhub:${region}:300000000001:product/300000000001/default`,
      Resources: [{ Id: expect.stringMatching(`^arn:${partition}:ec2:${region}:`), Partition: partition }],
    });
  });

  it.each([
    ['low', 'LOW'],
    ['medium', 'MEDIUM'],
    ['high', 'HIGH'],
    [null, 'MEDIUM'],
  ])('of severity %s is %s', (severity, label) => {
    const [asff] = toAsff({ ...result, findings: [{ ...finding, severity }] }, 'aws');
    expect(asffSchema.parse(asff).Severity.Label).toBe(label);
  });

  it.each([
    ['10 kB', 'x'.repeat(10_000)],
    ['nothing', ''],
    ['spaces', ' \n '],
    ['emoji', '👩‍👩‍👧‍👦'.repeat(1_000)],
    ['half of a pair', '\ud83d'],
    ['controls', '\u0000\u202e\u001b'],
  ])('is valid with %s in place of every text', (_, text) => {
    for (const action of actions) {
      const bad = { why: text, message: text, error: text, severity: text, source: text, policyRule: text };
      const narrowed = { to: Array(100).fill(text) };
      const worst = { ...finding, ...bad, protocol: text, action, narrowed };
      const hostile = {
        ...result,
        ...{ groupName: text, vpcId: text, eventName: text, eventId: text, cloudTrailEventId: text },
        actor: { principal: text, session: text, sourceIp: text, userAgent: text, tool: text },
        owner: { tag: text, value: text },
        policyDigest: text,
        findings: [worst],
        timeline: { ...result.timeline, eventTime: text },
      };
      for (const asff of toAsff(hostile, 'aws')) asffSchema.parse(asff);
    }
  });
});

/** Security Hub in 300000000001 eu-west-1, as far as its own checks go. */
function createWorld() {
  const world = {
    imported: new Map<string, AwsSecurityFinding>(),
    calls: [] as number[],
    error: undefined as Error | undefined,
    refusals: [] as ImportFindingsError[],
    sessions: [] as string[],
  };
  const member = (region: string, session: Session): Member =>
    ({
      async importFindings(findings: AwsSecurityFinding[]) {
        if (world.error) throw world.error;
        if (findings.length > 100) throw awsError('InvalidInputException');
        world.calls.push(findings.length);
        for (const each of findings) {
          const { Id, AwsAccountId, Resources } = asffSchema.parse(each);
          if (AwsAccountId !== session.accessKeyId || Resources[0]?.Region !== region)
            throw awsError('InvalidAccessException', 401);
          world.imported.set(Id, each);
        }
        return world.refusals;
      },
    }) as Partial<Member> as Member;
  const of = async (account: string): Promise<Session> => {
    world.sessions.push(account);
    return { accessKeyId: account, secretAccessKey: 's', sessionToken: 't', expiration: new Date() };
  };
  return Object.assign(world, { hub: createSecurityHub({ member }, { of }, 'aws') });
}

describe('Security Hub', () => {
  it('receives the findings with the member account’s own session, and an update under the same id', async () => {
    const { hub, imported, sessions } = createWorld();
    const open = { ...finding, action: 'notified' as const };
    expect(await hub.notify({ ...result, findings: [open] })).toEqual({ status: 'sent' });
    expect(await hub.notify(result)).toEqual({ status: 'sent' });
    expect([...imported.values()]).toMatchObject([{ Compliance: { Status: 'PASSED' } }]);
    expect(sessions).toEqual(['300000000001', '300000000001']);
  });

  it('receives a hundred findings at a time', async () => {
    const { hub, imported, calls } = createWorld();
    expect(await hub.notify({ ...result, findings: numbered(250) })).toEqual({ status: 'sent' });
    expect(calls).toEqual([100, 100, 50]);
    expect(imported.size).toBe(250);
  });

  it('receives observed findings too, and nothing when there is no finding', async () => {
    const { hub, imported } = createWorld();
    await hub.notify({ ...result, outcome: 'observed', findings: [{ ...finding, action: 'observed' }] });
    expect(imported.size).toBe(1);
    for (const outcome of ['clean', 'failed', 'undecided'] as const)
      expect(await hub.notify({ ...result, outcome, findings: [] })).toEqual({ status: 'not-needed' });
    expect(imported.size).toBe(1);
  });

  it.each([
    [awsError('InvalidAccessException', 401), /^Security Hub is not enabled in 300000000001 eu-west-1$/],
    [
      awsError('AccessDeniedException', 403),
      /^findings may not be imported in 300000000001 eu-west-1: AccessDeniedException/,
    ],
    [awsError('LimitExceededException', 429), /^LimitExceededException: /],
    [awsError('InternalException', 500), /^InternalException: InternalException from the fake$/],
  ])('that answers %s is a failed notification', async (error, words) => {
    const world = createWorld();
    world.error = error;
    expect(await world.hub.notify(result)).toEqual({ status: 'failed', error: expect.stringMatching(words) });
  });

  it('that refuses some findings is a failed notification with their number and the reason', async () => {
    const world = createWorld();
    world.refusals = [{ Id: 'x', ErrorCode: 'InvalidInput', ErrorMessage: 'Title is too long' }];
    expect(await world.hub.notify({ ...result, findings: numbered(150) })).toEqual({
      status: 'failed',
      error: '2 of 150 findings were refused: InvalidInput: Title is too long',
    });
    world.refusals = [{ Id: 'x', ErrorCode: 'InvalidAccess', ErrorMessage: '' }];
    expect(await world.hub.notify(result)).toMatchObject({
      error: '1 of 1 findings were refused: Security Hub is not enabled in 300000000001 eu-west-1',
    });
  });
});
