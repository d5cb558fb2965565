import { afterEach, describe, expect, test } from 'vitest';
import { awsClients } from '../../../../controlplane/aws/clients.ts';
import { observeAccount } from '../../../../controlplane/reconcile/observe.ts';
import type { OrganizationAccount } from '../../../../controlplane/stacks/account.ts';
import {
  assumed,
  ec2Error,
  identity,
  jsonError,
  type LoopbackAnswer,
  type LoopbackCall,
  regions,
  startLoopback,
} from '../../../worlds/aws-loopback.ts';

const hub = { accountId: '222222222222', region: 'eu-west-1' };
const member = '300000000001';
const deployerRoleArn = 'arn:aws:iam::333333333333:role/portcullis-deployer';
const refusedRole = (arn: string): LoopbackAnswer => ({
  status: 403,
  body: `<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::111111111111:user/portcullis is not authorized to perform: sts:AssumeRole on resource: ${arn}</Message></Error></ErrorResponse>`,
});
const accessRole = `arn:aws:iam::${member}:role/Access`;

let stop = () => {};
afterEach(() => stop());

/** Observes the member, which joined `joined` minutes ago, with the given AWS answers. */
async function look(
  answer: (call: LoopbackCall) => LoopbackAnswer | undefined,
  {
    joined = 1_000,
    attempts = 0,
    ...settings
  }: Record<string, unknown> & { joined?: number; attempts?: number } = {},
) {
  const loopback = await startLoopback((call) => {
    const special = answer(call);
    if (special) return special;
    if (call.action === 'GetCallerIdentity')
      return { status: 200, body: identity('arn:aws:iam::111111111111:user/portcullis') };
    if (call.action === 'AssumeRole') return { status: 200, body: assumed('assumed') };
    if (call.action === 'DescribeRegions') return regions('us-east-1', 'eu-west-1', 'af-south-1');
    return { status: 200, body: '{"trailList":[]}' };
  });
  stop = loopback.stop;
  const all = { hub, regions: undefined, accessRole: 'Access', ...settings };
  const joinedAt = new Date(Date.now() - joined * 60_000).toISOString();
  const account = { id: member, joinedAt, state: 'ACTIVE' } as unknown as OrganizationAccount;
  return observeAccount(awsClients(all), all, account, attempts);
}

describe('an account that is ready', () => {
  test('is found with the Regions enabled in it, and nothing pending', async () => {
    expect(await look(() => undefined)).toMatchObject({
      kind: 'found',
      pendingRegions: [],
      account: {
        id: member,
        accessRoleArn: accessRole,
        regions: [{ region: 'us-east-1' }, { region: 'af-south-1' }, { region: 'eu-west-1' }],
      },
    });
  });

  test('keeps its other Regions while one that was just opted in does not know it yet', async () => {
    const answer = (call: LoopbackCall) => {
      if (call.region !== 'af-south-1') return undefined;
      return call.action === 'DescribeRegions'
        ? ec2Error('AuthFailure', 401)
        : jsonError('UnrecognizedClientException');
    };
    expect(await look(answer)).toMatchObject({
      kind: 'found',
      pendingRegions: ['af-south-1'],
      requeueAfterMs: expect.any(Number),
      account: { regions: [{ region: 'us-east-1' }, { region: 'eu-west-1' }] },
    });
  });

  test('keeps a Region whose trails may not be asked for: that is not about readiness', async () => {
    const found = await look((call) =>
      call.region === 'af-south-1' && call.action !== 'DescribeRegions'
        ? jsonError('AccessDeniedException')
        : undefined,
    );
    expect(found).toMatchObject({ kind: 'found', pendingRegions: [] });
    expect(found.kind === 'found' && found.account.regions).toContainEqual(
      expect.objectContaining({
        region: 'af-south-1',
        trail: expect.objectContaining({ covered: 'unknown' }),
      }),
    );
  });

  test('is found where it has not enabled the hub Region', async () => {
    const found = await look((call) =>
      call.action === 'DescribeRegions'
        ? call.region === 'eu-west-1'
          ? ec2Error('AuthFailure', 401)
          : regions('us-east-1')
        : undefined,
    );
    expect(found).toMatchObject({ kind: 'found', account: { regions: [{ region: 'us-east-1' }] } });
  });
});

describe('an account that is not ready yet', () => {
  test.each([
    ['is young and refuses the role', { joined: 1 }, refusedRole(accessRole)],
    ['is young and refuses calls', { joined: 14 }, ec2Error('UnauthorizedOperation', 403)],
    ['is being signed up', {}, ec2Error('OptInRequired', 403)],
    ['is being verified', {}, ec2Error('PendingVerification', 403)],
    [
      'has STS not yet in this Region',
      {},
      {
        status: 403,
        body: '<ErrorResponse><Error><Code>RegionDisabledException</Code></Error></ErrorResponse>',
      },
    ],
  ])('because it %s is inspected again', async (_, options, refusal) => {
    const action = refusal.body.startsWith('<Response>') ? 'DescribeRegions' : 'AssumeRole';
    const found = await look((call) => (call.action === action ? refusal : undefined), options);
    expect(found).toMatchObject({ kind: 'not-yet', message: expect.stringContaining(member) });
  });

  test('is inspected after growing pauses, up to fifteen seconds', async () => {
    const pauses: number[] = [];
    for (const attempts of [0, 1, 4, 5, 1_000]) {
      const found = await look(
        ({ action }) => (action === 'AssumeRole' ? refusedRole(accessRole) : undefined),
        {
          joined: 1,
          attempts,
        },
      );
      if (found.kind === 'not-yet') pauses.push(found.requeueAfterMs);
      stop();
    }
    expect(pauses).toEqual([500, 1_000, 8_000, 15_000, 15_000]);
  });
});

test.each([
  ['fails inside', 'DescribeRegions', ec2Error('InternalError', 400)],
  ['answers with 5xx', 'DescribeRegions', ec2Error('Unheard', 503)],
  ['says that its credentials ended', 'DescribeRegions', ec2Error('RequestExpired', 400)],
])('an AWS that %s gives a transient failure: the account is inspected again', async (_, action, refusal) => {
  const found = await look((call) => (call.action === action ? refusal : undefined));
  expect(found).toEqual({ kind: 'transient-failure', requeueAfterMs: expect.any(Number), message: 'no' });
});

test('an unknown answer is reported as AWS gave it, without advice', async () => {
  const found = await look(({ action }) =>
    action === 'DescribeRegions' ? ec2Error('Unheard', 400) : undefined,
  );
  expect(found).toEqual({
    kind: 'unreachable',
    requeueAfterMs: expect.any(Number),
    message: `${member} cannot be reached through ${accessRole}: no`,
  });
});

describe('an account that cannot be entered', () => {
  const denied = (arn: string) => (call: LoopbackCall) =>
    call.action === 'AssumeRole' && call.parameters.RoleArn === arn ? refusedRole(arn) : undefined;

  test('says which role to create, whom it trusts, with what external id, and where to click', async () => {
    const templateUrl = 'https://bucket.s3.amazonaws.com/access-role.yaml';
    const found = await look(denied(accessRole), { externalId: 'x-1', templateUrl });
    expect(found).toMatchObject({ kind: 'unreachable', requeueAfterMs: expect.any(Number) });
    const { message } = found as { message: string };
    expect(message).toContain(
      `Create role Access in ${member}, trusting arn:aws:iam::111111111111:user/portcullis with external id x-1`,
    );
    expect(message).toContain('portcullis access-template');
    expect(message).toContain('https://us-east-1.console.aws.amazon.com/cloudformation/home');
    expect(message).toContain('The next inspection continues automatically');
  });

  test('through a deployer role names that role as the one to trust', async () => {
    expect(await look(denied(accessRole), { deployerRoleArn })).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(`trusting ${deployerRoleArn}:`),
    });
  });

  test('because the deployer role refuses names no member role', async () => {
    const found = await look(denied(deployerRoleArn), { deployerRoleArn });
    expect(found).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/deployer role .* must trust the control plane's identity/),
    });
    expect(found).not.toMatchObject({ message: expect.stringContaining('Create role') });
  });

  test('because its role lacks a permission names the policy that has it', async () => {
    expect(
      await look(({ action }) =>
        action === 'DescribeRegions' ? ec2Error('UnauthorizedOperation', 403) : undefined,
      ),
    ).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/can be assumed; it needs what docs\/deployer-policy\.json lists/),
    });
  });
});
