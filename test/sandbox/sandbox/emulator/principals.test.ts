import { IAM } from '@aws-sdk/client-iam';
import { Lambda } from '@aws-sdk/client-lambda';
import { STS } from '@aws-sdk/client-sts';
import { build } from 'esbuild';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';

const caller = '222222222222';
const owner = '300000000001';
const callerRole = `arn:aws:iam::${caller}:role/caller`;
const targetRole = `arn:aws:iam::${owner}:role/target`;
let sandbox: Sandbox;
let iam: { caller: IAM; owner: IAM };
beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  iam = { caller: new IAM(sandbox.root(caller)), owner: new IAM(sandbox.root(owner)) };
});
afterAll(() => sandbox?.stop());

const document = (statement: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
const trust = (Principal: object, Condition?: object) =>
  document({ Principal, Action: 'sts:AssumeRole', ...(Condition && { Condition }) });
const rootOf = (accountId: string) => ({ AWS: `arn:aws:iam::${accountId}:root` });

async function createCaller(Principal: object = rootOf(caller)): Promise<string> {
  const { Role } = await iam.caller.createRole({
    RoleName: 'caller',
    AssumeRolePolicyDocument: trust(Principal),
  });
  const PolicyDocument = document({ Action: 'sts:*', Resource: '*' });
  await iam.caller.putRolePolicy({ RoleName: 'caller', PolicyName: 'calls', PolicyDocument });
  return Role?.RoleId ?? '';
}
async function deleteRole(client: IAM, RoleName: string): Promise<void> {
  if (RoleName === 'caller') await client.deleteRolePolicy({ RoleName, PolicyName: 'calls' });
  await client.deleteRole({ RoleName });
}
async function session(client: STS, RoleArn: string): Promise<STS> {
  const { Credentials } = await client.assumeRole({ RoleArn, RoleSessionName: 'test' });
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  return new STS({ ...sandbox.root(caller), credentials });
}
const asCaller = () => session(new STS(sandbox.root(caller)), callerRole);
const trustOfTarget = async () => {
  const { Role } = await iam.owner.getRole({ RoleName: 'target' });
  return [
    JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).Statement[0].Principal.AWS,
  ].flat();
};

describe('a trust policy', () => {
  test('that names a role is of that very role, not of one created again under its name', async () => {
    const id = await createCaller();
    await iam.owner.createRole({ RoleName: 'target', AssumeRolePolicyDocument: trust({ AWS: callerRole }) });
    await session(await asCaller(), targetRole);
    expect(await trustOfTarget()).toEqual([callerRole]);

    await deleteRole(iam.caller, 'caller');
    expect(await trustOfTarget()).toEqual([id]);
    await createCaller();
    await expect(session(await asCaller(), targetRole)).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(await trustOfTarget()).toEqual([id]);
    await deleteRole(iam.owner, 'target');
  });

  test('that names the account with a condition on the role admits a role created again', async () => {
    const Condition = { ArnEquals: { 'aws:PrincipalArn': callerRole } };
    const AssumeRolePolicyDocument = trust(rootOf(caller), Condition);
    await iam.owner.createRole({ RoleName: 'target', AssumeRolePolicyDocument });
    await session(await asCaller(), targetRole);
    await deleteRole(iam.caller, 'caller');
    await createCaller();
    await session(await asCaller(), targetRole);
    const root = new STS(sandbox.root(caller));
    await expect(session(root, targetRole)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('that names a role which does not exist is refused', async () => {
    const AssumeRolePolicyDocument = trust({ AWS: `arn:aws:iam::${caller}:role/absent` });
    const made = iam.owner.createRole({ RoleName: 'other', AssumeRolePolicyDocument });
    await expect(made).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
      message: expect.stringContaining('Invalid principal in policy'),
    });
  });
});

test('a session ends with its role', async () => {
  const client = await asCaller();
  await client.getCallerIdentity({});
  await deleteRole(iam.caller, 'caller');
  await createCaller();
  await expect(client.getCallerIdentity({})).rejects.toMatchObject({
    name: 'InvalidClientTokenId',
  });
});

const asking = `
import { STS } from '@aws-sdk/client-sts';
export const handler = async () =>
  new STS({}).getCallerIdentity({}).then(() => 'answered', ({ name }) => name);`;

test('a function whose role was created again calls nothing until its configuration is written', async () => {
  await deleteRole(iam.caller, 'caller');
  await createCaller({ Service: 'lambda.amazonaws.com' });
  const lambda = new Lambda(sandbox.root(caller));
  const bundled = await build({
    stdin: { contents: asking, resolveDir: import.meta.dirname, loader: 'js' },
    ...{ bundle: true, platform: 'node', format: 'cjs', write: false },
  });
  const code = bundled.outputFiles?.[0]?.contents ?? new Uint8Array();
  await lambda.createFunction({
    FunctionName: 'asks',
    Role: callerRole,
    Runtime: 'nodejs24.x' as never,
    Handler: 'index.handler',
    Code: { ZipFile: zipSync({ 'index.js': code }) },
  });
  const invoke = async () => {
    const { Payload } = await lambda.invoke({ FunctionName: 'asks' });
    return JSON.parse(Payload?.transformToString() ?? '');
  };
  expect(await invoke()).toBe('answered');
  await deleteRole(iam.caller, 'caller');
  await createCaller({ Service: 'lambda.amazonaws.com' });
  expect(await invoke()).toBe('InvalidClientTokenId');
  const Environment = { Variables: { ROLE: 'again' } };
  await lambda.updateFunctionConfiguration({ FunctionName: 'asks', Environment });
  expect(await invoke()).toBe('answered');
});
