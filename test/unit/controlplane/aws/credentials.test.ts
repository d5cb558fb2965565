import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import { ListRootsCommand } from '@aws-sdk/client-organizations';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { awsClients } from '../../../../controlplane/aws/clients.ts';
import { cancellable } from '../../../../controlplane/aws/throttle.ts';
import {
  assumed,
  ec2Error,
  identity,
  type LoopbackAnswer,
  type LoopbackCall,
  queryError,
  regions,
  startLoopback,
} from '../../../worlds/aws-loopback.ts';

const hub = { accountId: '222222222222', region: 'eu-west-1' };
const management = '111111111111';
const security = '333333333333';
const member = '300000000001';
const deployerRoleArn = `arn:aws:iam::${security}:role/portcullis-deployer`;
const organizationsRoleArn = `arn:aws:iam::${management}:role/organization-reader`;
const access = (account: string) => `arn:aws:iam::${account}:role/Access`;

let stop = () => {};
afterEach(() => stop());

/** Each assumed role signs with a key that names its ARN. */
async function start(
  more: Partial<Parameters<typeof awsClients>[0]> = {},
  answer: (call: LoopbackCall) => LoopbackAnswer | undefined = () => undefined,
  arn = `arn:aws:iam::${management}:user/portcullis`,
) {
  const loopback = await startLoopback((call) => {
    const special = answer(call);
    if (special) return special;
    if (call.action === 'GetCallerIdentity') return { status: 200, body: identity(arn) };
    if (call.action === 'DescribeRegions') return regions('eu-west-1');
    const { RoleArn = '' } = call.parameters;
    if (call.action === 'AssumeRole')
      return { status: 200, body: assumed(RoleArn.split(':').slice(4).join('-').replace('role/', '')) };
    return { status: 200, body: '{}' };
  });
  stop = loopback.stop;
  const aws = awsClients({ hub, accessRole: 'Access', ...more });
  const assumptions = () =>
    loopback.calls
      .filter(({ action }) => action === 'AssumeRole')
      .map(({ accessKeyId, parameters: { RoleArn, ExternalId } }) => ({ accessKeyId, RoleArn, ExternalId }));
  return { ...loopback, aws, assumptions };
}

describe('the chain of roles', () => {
  test('without a deployer role is the access role alone, and nothing in the own account', async () => {
    const { aws, assumptions } = await start();
    await (await aws.ec2(management, 'eu-west-1')).send(new DescribeRegionsCommand({}));
    expect(assumptions()).toEqual([]);
    await (await aws.ec2(member, 'eu-west-1')).send(new DescribeRegionsCommand({}));
    expect(assumptions()).toEqual([{ accessKeyId: 'own', RoleArn: access(member), ExternalId: undefined }]);
    expect(await aws.accessRoleArn(member)).toBe(access(member));
    expect(await aws.accessRoleArn(management)).toBeUndefined();
  });

  test('goes through the deployer role into every account but its own, with the external id at each step', async () => {
    const { aws, assumptions } = await start({ deployerRoleArn, externalId: 'x-1' });
    for (const account of [member, management, security])
      await (await aws.ec2(account, 'eu-west-1')).send(new DescribeRegionsCommand({}));
    const through = `${security}-portcullis-deployer`;
    expect(assumptions()).toEqual([
      { accessKeyId: 'own', RoleArn: deployerRoleArn, ExternalId: 'x-1' },
      { accessKeyId: through, RoleArn: access(member), ExternalId: 'x-1' },
      { accessKeyId: through, RoleArn: access(management), ExternalId: 'x-1' },
    ]);
    expect(await aws.accessRoleArn(security)).toBe(deployerRoleArn);
  });

  test('into the organization is its own role, where one is named', async () => {
    const { aws, calls, assumptions } = await start({ deployerRoleArn, organizationsRoleArn });
    await (await aws.organizations()).send(new ListRootsCommand({}));
    expect(assumptions()).toEqual([
      { accessKeyId: 'own', RoleArn: organizationsRoleArn, ExternalId: undefined },
    ]);
    expect(calls.at(-1)).toMatchObject({
      action: 'ListRoots',
      accessKeyId: `${management}-organization-reader`,
    });
  });

  test('is assumed once, however many Regions and services of an account are called', async () => {
    const { aws, count } = await start({ deployerRoleArn });
    const all = ['eu-west-1', 'eu-west-2', 'us-east-1'].flatMap((region) => [
      aws.ec2(member, region),
      aws.ec2('300000000002', region),
    ]);
    await Promise.all(all.map(async (client) => (await client).send(new DescribeRegionsCommand({}))));
    expect(count('DescribeRegions')).toBe(6);
    expect(count('AssumeRole')).toBe(3);
    expect(count('GetCallerIdentity')).toBe(1);
  });
});

test('each of many concurrent calls is signed with the credentials of its own account', async () => {
  const { aws, calls } = await start({ deployerRoleArn }, ({ action, accessKeyId }) =>
    // Some credentials expire meanwhile, so that roles are assumed again between the calls of others.
    action === 'DescribeRegions' && accessKeyId.endsWith('7-Access') && Math.random() < 0.3
      ? ec2Error('RequestExpired')
      : undefined,
  );
  const cells = fc.sample(fc.tuple(fc.nat(39), fc.constantFrom('eu-west-1', 'us-east-1', 'sa-east-1')), 600);
  const call = async ([account, region]: (typeof cells)[number]) => {
    const id = String(300_000_000_000 + account);
    const client = await aws.ec2(id, region);
    await client.send(new DescribeRegionsCommand({ RegionNames: [id, region] })).catch(() => undefined);
  };
  await Promise.all(cells.map(call));
  const described = calls.filter(({ action }) => action === 'DescribeRegions');
  expect(described.length).toBeGreaterThanOrEqual(cells.length);
  for (const { accessKeyId, region, parameters } of described)
    expect({ accessKeyId, region }).toEqual({
      accessKeyId: `${parameters['RegionName.1']}-Access`,
      region: parameters['RegionName.2'],
    });
});

test('a role that several wait for is assumed on, though the first of them lost its lease', async () => {
  let answer: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { aws, count } = await start({ deployerRoleArn });
  await aws.caller();
  const ending = new AbortController();
  const look = async () => (await aws.ec2(member, 'eu-west-1')).send(new DescribeRegionsCommand({}));
  const first = cancellable(ending.signal, () => {
    answer();
    return look().catch((error: Error) => error.message);
  });
  await asked;
  const second = look();
  ending.abort(new Error('the lease is lost'));
  expect((await second).Regions).toHaveLength(1);
  expect(await first).toBe('the lease is lost');
  expect(count('AssumeRole')).toBe(2);
});

test('the ten thousandth client works as the first', async () => {
  const { aws } = await start();
  for (let account = 0; account < 10_000; account += 1)
    await aws.ec2(String(300_000_000_000 + account), 'eu-west-1');
  const { Regions } = await (await aws.ec2(member, 'eu-west-1')).send(new DescribeRegionsCommand({}));
  expect(Regions).toHaveLength(1);
});

describe('a signature that is refused', () => {
  const refusing = async (times: number) => {
    let left = times;
    const { aws, calls, assumptions } = await start({}, ({ action }) => {
      if (action !== 'DescribeRegions' || left === 0) return undefined;
      left -= 1;
      return ec2Error('AuthFailure', 401);
    });
    const asked = async () => (await aws.ec2(member, 'eu-west-1')).send(new DescribeRegionsCommand({}));
    return {
      asked,
      assumptions,
      tried: () => calls.filter(({ action }) => action === 'DescribeRegions').length,
    };
  };

  test('as after the clock was set right is made once more, with the same credentials', async () => {
    const { asked, tried, assumptions } = await refusing(1);
    await asked();
    expect(tried()).toBe(2);
    expect(assumptions()).toHaveLength(1);
  });

  test('for good is refused after one more', async () => {
    const { asked, tried } = await refusing(9);
    await expect(asked()).rejects.toThrow(expect.objectContaining({ name: 'AuthFailure' }));
    expect(tried()).toBe(2);
  });
});

describe('credentials that end', () => {
  test('are asked for anew, all along the chain, and the call is made again', async () => {
    const expired = new Set<string>();
    const { aws, assumptions } = await start({ deployerRoleArn }, ({ action, accessKeyId }) => {
      if (!expired.delete(`${action} ${accessKeyId}`)) return undefined;
      return action === 'AssumeRole' ? queryError('ExpiredToken') : ec2Error('RequestExpired');
    });
    const client = await aws.ec2(member, 'eu-west-1');
    await client.send(new DescribeRegionsCommand({}));
    expired.add(`DescribeRegions ${member}-Access`).add(`AssumeRole ${security}-portcullis-deployer`);
    const { Regions } = await client.send(new DescribeRegionsCommand({}));
    expect(Regions).toHaveLength(1);
    const assumed = assumptions().map(({ RoleArn }) => RoleArn);
    const again = [access(member), deployerRoleArn, access(member)];
    expect(assumed).toEqual([deployerRoleArn, access(member), ...again]);
  });

  test('a role that could not be assumed is tried again by the next call', async () => {
    let refused = true;
    const { aws } = await start({}, ({ action }) =>
      action === 'AssumeRole' && refused
        ? { status: 403, body: '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>' }
        : undefined,
    );
    const client = await aws.ec2(member, 'eu-west-1');
    await expect(client.send(new DescribeRegionsCommand({}))).rejects.toMatchObject({ name: 'AccessDenied' });
    refused = false;
    await expect(client.send(new DescribeRegionsCommand({}))).resolves.toBeDefined();
  });
});

describe('whom an access role has to trust', () => {
  test.each([
    ['a user', 'arn:aws:iam::111111111111:user/x', undefined, 'arn:aws:iam::111111111111:user/x'],
    [
      'the role of a session',
      'arn:aws-cn:sts::111111111111:assumed-role/control/i-0',
      undefined,
      'arn:aws-cn:iam::111111111111:role/control',
    ],
    ['the deployer role', 'arn:aws:iam::111111111111:user/x', deployerRoleArn, deployerRoleArn],
  ])('is %s', async (_, arn, deployer, trusted) => {
    const { aws } = await start({ deployerRoleArn: deployer }, undefined, arn);
    expect(await aws.trusted()).toBe(trusted);
  });
});
