import { readFileSync } from 'node:fs';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { hub, limitedRole } from '../../../worlds/least-privilege.ts';

let sandbox: Sandbox;
let iam: IAM;

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  iam = new IAM(sandbox.root(hub.accountId, hub.region));
  await iam.createUser({ UserName: 'user' });
  const AssumeRolePolicyDocument = document(1, { Principal: { AWS: '*' }, Action: 'sts:AssumeRole' });
  await iam.createRole({ RoleName: 'role', AssumeRolePolicyDocument });
});
afterAll(async () => {
  iam?.destroy();
  await sandbox?.stop();
});

/** A policy of about so many characters. */
function document(
  characters: number,
  statement: object = { Action: 'sts:GetCallerIdentity', Resource: '*' },
) {
  const whole = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
  const Sid = 'x'.repeat(Math.max(0, characters - whole.length - 9));
  return Sid ? whole.replace('{"Effect"', `{"Sid":"${Sid}","Effect"`) : whole;
}

const tooLarge = { name: expect.stringMatching(/^LimitExceeded/) };

describe('a policy that is larger than AWS accepts is refused', () => {
  test('inline of a user, which the policy of the control plane is', async () => {
    const file = new URL('../../../../docs/control-plane-policy.json', import.meta.url);
    const own = { UserName: 'user', PolicyName: 'own', PolicyDocument: readFileSync(file, 'utf8') };
    await expect(iam.putUserPolicy(own)).rejects.toMatchObject(tooLarge);
    await iam.putUserPolicy({ ...own, PolicyDocument: document(2000) });
  });

  test('inline of a role, where all count together and one that is replaced does not', async () => {
    const put = (PolicyName: string, characters: number) =>
      iam.putRolePolicy({ RoleName: 'role', PolicyName, PolicyDocument: document(characters) });
    await put('one', 6000);
    await expect(put('two', 4500)).rejects.toMatchObject(tooLarge);
    await put('one', 5000);
    await put('two', 4500);
  });

  test('managed, where white space does not count', async () => {
    const create = (PolicyName: string, PolicyDocument: string) =>
      iam.createPolicy({ PolicyName, PolicyDocument });
    await expect(create('large', document(6200))).rejects.toMatchObject(tooLarge);
    await create('spaced', JSON.stringify(JSON.parse(document(6100)), null, 60));
  });
});

describe('the policy of an event bus', () => {
  const arn = `arn:aws:events:${hub.region}:${hub.accountId}:event-bus/portcullis`;
  const Policy = document(1, { Principal: '*', Action: 'events:PutEvents', Resource: arn });
  const put = async (Resource: string) => {
    const root = new EventBridge(sandbox.root(hub.accountId, hub.region));
    await root.createEventBus({ Name: 'portcullis' }).catch((error: Error) => {
      if (error.name !== 'ResourceAlreadyExistsException') throw error;
    });
    const settings = await limitedRole(sandbox, hub, { Action: 'events:PutPermission', Resource });
    await new EventBridge(settings).putPermission({ EventBusName: 'portcullis', Policy });
  };

  test('is not permitted by a statement about the bus', async () => {
    await expect(put(arn)).rejects.toThrow(/not authorized to perform: events:PutPermission/);
  });

  test('is permitted by a statement about every resource', async () => {
    await expect(put('*')).resolves.toBeUndefined();
  });
});
