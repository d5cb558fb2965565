import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { Sandbox } from '../../sandbox/sandbox.ts';

let roles = 0;

/** Client settings of a session of a new role that may do what the statements say, and nothing else. */
export async function limitedRole(
  sandbox: Sandbox,
  place: { accountId: string; region: string },
  ...Statement: { Action: string | string[]; Resource: string | string[]; Condition?: object }[]
) {
  roles += 1;
  const RoleName = `limited-${roles}`;
  const root = sandbox.root(place.accountId, place.region);
  const iam = new IAMClient(root);
  const document = (...statements: object[]) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: statements.map((one) => ({ Effect: 'Allow', ...one })),
    });
  const Principal = { AWS: `arn:aws:iam::${place.accountId}:root` };
  const AssumeRolePolicyDocument = document({ Principal, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = document(...Statement);
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'calls', PolicyDocument }));
  const RoleArn = `arn:aws:iam::${place.accountId}:role/${RoleName}`;
  const { Credentials } = await new STSClient(root).send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }),
  );
  return {
    ...root,
    credentials: {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    },
  };
}
