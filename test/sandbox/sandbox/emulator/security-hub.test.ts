import { type AwsSecurityFinding, SecurityHub } from '@aws-sdk/client-securityhub';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { remediationPermissions } from '../../../../programs/policies.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { limitedRole } from '../../../worlds/least-privilege.ts';

const member = { accountId: '300000000001', region: 'eu-west-1' };
const product = ({ accountId, region }: typeof member) =>
  `arn:aws:securityhub:${region}:${accountId}:product/${accountId}/default`;
let sandbox: Sandbox;
let hub: SecurityHub;

const clientOf = (place: typeof member) =>
  new SecurityHub({ ...sandbox.root(place.accountId, place.region), maxAttempts: 1 });

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  hub = clientOf(member);
});
afterAll(() => sandbox?.stop());
beforeEach(() => hub.enableSecurityHub({}));
afterEach(() => hub.disableSecurityHub({}));

const finding = (change: Partial<AwsSecurityFinding> = {}): AwsSecurityFinding => ({
  SchemaVersion: '2018-10-08',
  Id: 'sgr-0a1b2c3d4e5f60001',
  ProductArn: product(member),
  GeneratorId: 'portcullis/admin-ports',
  AwsAccountId: member.accountId,
  Types: ['Software and Configuration Checks/AWS Security Best Practices/Network Reachability'],
  CreatedAt: '2026-03-02T09:15:05.000Z',
  UpdatedAt: '2026-03-02T09:15:05.000Z',
  Severity: { Label: 'CRITICAL' },
  Title: 'SSH is open to the world',
  Description: '0.0.0.0/0 on port 22',
  Resources: [{ Type: 'AwsEc2SecurityGroup', Id: 'arn:aws:ec2:eu-west-1:300000000001:security-group/sg-1' }],
  ...change,
});
const without = (key: keyof AwsSecurityFinding) => {
  const { [key]: _, ...rest } = finding();
  return rest as AwsSecurityFinding;
};
const importing = (...Findings: AwsSecurityFinding[]) => hub.batchImportFindings({ Findings });
const held = async (client = hub) => (await client.getFindings({})).Findings ?? [];

describe('findings', () => {
  test('that are imported are there, new and active', async () => {
    expect(await importing(finding())).toMatchObject({ SuccessCount: 1, FailedCount: 0, FailedFindings: [] });
    expect(await held()).toEqual([{ ...finding(), Workflow: { Status: 'NEW' }, RecordState: 'ACTIVE' }]);
  });

  test('are one by product and id: the later update counts, and what the customer keeps stays', async () => {
    await importing(finding({ Workflow: { Status: 'SUPPRESSED' } }));
    const closed = {
      UpdatedAt: '2026-03-02T09:16:05.000Z',
      RecordState: 'ARCHIVED',
      Workflow: { Status: 'RESOLVED' },
    } as const;
    await importing(finding(closed), finding({ Id: 'another' }));
    await importing(finding({ Title: 'late' }));
    expect(await held()).toMatchObject([
      { Title: 'SSH is open to the world', RecordState: 'ARCHIVED', Workflow: { Status: 'SUPPRESSED' } },
      { Id: 'another' },
    ]);
    expect(await held()).toHaveLength(2);
  });

  const required: (keyof AwsSecurityFinding)[] = [
    ...(['SchemaVersion', 'Id', 'ProductArn', 'GeneratorId', 'AwsAccountId', 'CreatedAt'] as const),
    ...(['UpdatedAt', 'Title', 'Description', 'Resources', 'Severity', 'Types'] as const),
  ];
  test.each<[string, () => AwsSecurityFinding]>([
    ...required.map((key): [string, () => AwsSecurityFinding] => [`without ${key}`, () => without(key)]),
    ['with a time that is none', () => finding({ UpdatedAt: 'yesterday' })],
    ['with a title too long', () => finding({ Title: 'x'.repeat(257) })],
    ['with a description too long', () => finding({ Description: 'x'.repeat(1025) })],
    ['with a severity that is none', () => finding({ Severity: { Label: 'SEVERE' as never } })],
    ['of another account', () => finding({ AwsAccountId: '300000000002' })],
    [
      'of another Region\u2019s product',
      () => finding({ ProductArn: product({ ...member, region: 'eu-central-1' }) }),
    ],
    [
      'larger than 240 KB',
      () => finding({ ProductFields: Object.fromEntries([['note', 'x'.repeat(240 * 1024)]]) }),
    ],
  ])('%s are reported one by one, and the others are imported', async (_, wrong) => {
    const answer = await importing(wrong(), finding({ Id: 'good' }));
    expect(answer).toMatchObject({ SuccessCount: 1, FailedCount: 1 });
    expect(answer.FailedFindings).toMatchObject([{ Id: wrong().Id ?? '', ErrorCode: 'InvalidInput' }]);
    expect((await held()).map(({ Id }) => Id)).toEqual(['good']);
  });

  test('may have severity and types as their provider\u2019s fields', async () => {
    const { Severity, Types, ...rest } = finding();
    const answer = await importing({ ...rest, FindingProviderFields: { Severity, Types } } as never);
    expect(answer).toMatchObject({ SuccessCount: 1 });
  });

  test('are at most a hundred in a call', async () => {
    const many = Array.from({ length: 101 }, (_, index) => finding({ Id: `finding-${index}` }));
    await expect(importing(...many)).rejects.toMatchObject({ name: 'InvalidInputException' });
    await expect(importing()).rejects.toMatchObject({ name: 'InvalidInputException' });
    expect(await held()).toEqual([]);
    await importing(...many.slice(0, 100));
    const page = await hub.getFindings({ MaxResults: 60 });
    const { NextToken } = page;
    const last = await hub.getFindings({ MaxResults: 60, NextToken });
    expect([page.Findings?.length, last.Findings?.length, last.NextToken]).toEqual([60, 40, undefined]);
  });

  test('are read without filters alone', async () => {
    const Filters = { Id: [{ Value: 'good', Comparison: 'EQUALS' as const }] };
    await expect(hub.getFindings({ Filters })).rejects.toMatchObject({
      name: 'InvalidInputException',
      message: 'The sandbox reads findings without Filters and SortCriteria.',
    });
  });
});

describe('Security Hub', () => {
  test('takes nothing where it is off, and is on or off by account and Region', async () => {
    for (const place of [
      { ...member, region: 'eu-central-1' },
      { ...member, accountId: '300000000002' },
    ]) {
      const off = finding({ ProductArn: product(place), AwsAccountId: place.accountId });
      const client = clientOf(place);
      const attempt = client.batchImportFindings({ Findings: [off] });
      await expect(attempt).rejects.toMatchObject({
        name: 'InvalidAccessException',
        message: `Account ${place.accountId} is not subscribed to AWS Security Hub`,
      });
      await client.enableSecurityHub({});
      await client.batchImportFindings({ Findings: [off] });
      expect(await held(client)).toHaveLength(1);
      await client.disableSecurityHub({});
    }
    expect(await held()).toEqual([]);
  });

  test('is switched on once', async () => {
    await expect(hub.enableSecurityHub({})).rejects.toMatchObject({
      name: 'ResourceConflictException',
    });
  });

  test.each([true, false])('with securityHub %s in the programs takes the remediation role', async (on) => {
    const document = remediationPermissions(
      { partition: 'aws', ...member },
      { narrowing: false, securityHub: on },
    );
    const settings = await limitedRole(sandbox, member, ...JSON.parse(document).Statement);
    const client = new SecurityHub({ ...settings, maxAttempts: 1 });
    const call = client.batchImportFindings({ Findings: [finding()] });
    if (on) expect(await call).toMatchObject({ SuccessCount: 1 });
    else await expect(call).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(held(client)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('refuses an import for a product that the role does not name', async () => {
    const Resource = product(member);
    const settings = await limitedRole(sandbox, member, {
      Action: 'securityhub:BatchImportFindings',
      Resource,
    });
    const client = new SecurityHub({ ...settings, maxAttempts: 1 });
    const other = finding({ ProductArn: Resource.replace('/default', '/other') });
    const call = client.batchImportFindings({ Findings: [finding(), other] });
    await expect(call).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(await held()).toEqual([]);
  });

  test('refuses a wrong secret', async () => {
    const settings = await limitedRole(sandbox, member, { Action: 'securityhub:*', Resource: '*' });
    expect(await held(new SecurityHub(settings))).toEqual([]);
    const credentials = { ...settings.credentials, secretAccessKey: 'guess' };
    const wrong = new SecurityHub({ ...settings, credentials, maxAttempts: 1 });
    await expect(held(wrong)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });
});
