import type { CreateSecurityGroupCommandInput, EC2Client } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { makeGroup } from '../../../../controlplane/verify/group.ts';
import { canaryTag } from '../../../../lambda/contract/canary.ts';

/** The tags that a group is created with. */
async function tagsOf(tags?: Record<string, string>) {
  let given: CreateSecurityGroupCommandInput | undefined;
  const ec2 = {
    async send({ input }: { input: CreateSecurityGroupCommandInput }) {
      given = input;
      return { GroupId: 'sg-1' };
    },
  } as unknown as EC2Client;
  expect(await makeGroup(ec2, 'an-id', 'vpc-1', tags)).toBe('sg-1');
  return given?.TagSpecifications;
}

test('the group of a canary has the tags of the settings, and its own wins', async () => {
  expect(await tagsOf({ team: 'security', [canaryTag]: 'forged' })).toEqual([
    {
      ResourceType: 'security-group',
      Tags: [
        { Key: 'team', Value: 'security' },
        { Key: canaryTag, Value: 'an-id' },
      ],
    },
  ]);
});

test('the group of a canary has its own tag alone where the settings have none', async () => {
  expect(await tagsOf()).toEqual([
    { ResourceType: 'security-group', Tags: [{ Key: canaryTag, Value: 'an-id' }] },
  ]);
});
