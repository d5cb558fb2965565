import { spawnSync } from 'node:child_process';
import { EC2 } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { fleet } from '../../../../sandbox/seed/organization.ts';
import { repository } from '../../../worlds/repository.ts';

const start = () => startSandbox({ blueprint: fleet(2, 2), bulk: { groups: 40, seed: 7 } });
const [one, other] = ['400000000001', '400000000002'];

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await start();
});
afterAll(() => sandbox?.stop());

async function groups(of: Sandbox, account: string, region: string) {
  const ec2 = new EC2(of.root(account, region));
  const { SecurityGroups = [] } = await ec2.describeSecurityGroups({});
  return SecurityGroups.filter(({ GroupName }) => GroupName !== 'default');
}

test('every cell has its own groups, identical for the same seed', async () => {
  const again = await start();
  try {
    const seen = new Set<string>();
    for (const account of [one, other]) {
      for (const region of ['us-east-1', 'eu-west-1']) {
        const found = await groups(sandbox, account, region);
        expect(found).toHaveLength(40);
        expect(found.every(({ OwnerId }) => OwnerId === account)).toBe(true);
        for (const { GroupId = '' } of found) seen.add(GroupId);
        expect(await groups(again, account, region)).toEqual(found);
      }
    }
    expect(seen.size).toBe(160);
  } finally {
    await again.stop();
  }
});

test('a rule of such a group is revoked by its id, and no other', async () => {
  const ec2 = new EC2(sandbox.root(one, 'us-east-1'));
  const all = async () => {
    const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({});
    return SecurityGroupRules.map(({ SecurityGroupRuleId, GroupId, IsEgress }) => ({
      ...{ id: SecurityGroupRuleId, GroupId, IsEgress },
    }));
  };
  const before = await all();
  const chosen = before.find(({ IsEgress }) => !IsEgress);
  await ec2.revokeSecurityGroupIngress({
    GroupId: chosen?.GroupId,
    SecurityGroupRuleIds: [chosen?.id ?? ''],
  });
  expect(await all()).toEqual(before.filter(({ id }) => id !== chosen?.id));
});

test.each(['50x4', '0x4x200', '2x9x10'])('--bulk %s is refused with what to write', (given) => {
  const { status, stderr } = spawnSync(process.execPath, ['sandbox/main.ts', '--bulk', given], {
    cwd: repository,
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toContain('such as 50x4x200 (Regions: 1 to 4)');
});
