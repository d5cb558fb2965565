import {
  AuthorizeSecurityGroupIngressCommand,
  CreateIpamPrefixListResolverTargetCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteSecurityGroupCommand,
  DeleteTagsCommand,
  EC2Client,
  ModifyManagedPrefixListCommand,
  RestoreManagedPrefixListVersionCommand,
} from '@aws-sdk/client-ec2';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { names, queueArn } from '../../../programs/names.ts';
import { ingressPattern } from '../../../programs/pattern.ts';
import { queuePolicy } from '../../../programs/policies.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { drain } from '../lambda/results-queue.ts';

const member = { partition: 'aws', accountId: '300000000001', region: 'eu-west-1' };
const QueueName = 'taken';
const tags = [{ Key: 'portcullis-exception', Value: 'true' }];
let sandbox: Sandbox;
let ec2: EC2Client;
let groups = 0;

beforeAll(async () => {
  sandbox = await startSandbox();
  const settings = sandbox.root(member.accountId, member.region);
  ec2 = new EC2Client(settings);
  const events = new EventBridgeClient(settings);
  const Policy = queuePolicy(member, QueueName, [{ rule: names.forwardRule }]);
  await new SQSClient(settings).send(new CreateQueueCommand({ QueueName, Attributes: { Policy } }));
  const Name = names.forwardRule;
  await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(ingressPattern) }));
  const Targets = [{ Id: 'queue', Arn: queueArn(member, QueueName) }];
  await events.send(new PutTargetsCommand({ Rule: Name, Targets }));
});
afterAll(() => sandbox?.stop());
beforeEach(taken);

/** The events that matched the rule since the last call. */
async function taken() {
  const bodies = await drain(sandbox, `${sandbox.endpoint}/${member.accountId}/${QueueName}`, member);
  return bodies.map((body) => Object(body).detail);
}

async function group(): Promise<string> {
  groups += 1;
  const made = { GroupName: `group-${groups}`, Description: 'test' };
  return (await ec2.send(new CreateSecurityGroupCommand(made))).GroupId ?? '';
}
const taggable = async () => {
  const GroupId = await group();
  const vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }))).Vpc?.VpcId ?? '';
  await taken();
  return { GroupId, vpc };
};

describe('the ingress rule matches, by EventBridge', () => {
  test('created tags of a security group, in CloudTrail\u2019s shape', async () => {
    const { GroupId, vpc } = await taggable();
    await ec2.send(new CreateTagsCommand({ Resources: [vpc, GroupId], Tags: tags }));
    expect(await taken()).toMatchObject([
      {
        eventSource: 'ec2.amazonaws.com',
        eventName: 'CreateTags',
        requestParameters: {
          resourcesSet: { items: [{ resourceId: vpc }, { resourceId: GroupId }] },
          tagSet: { items: [{ key: 'portcullis-exception', value: 'true' }] },
        },
        responseElements: { requestId: expect.any(String), _return: true },
      },
    ]);
  });

  test('deleted tags of a security group, with and without a value', async () => {
    const { GroupId } = await taggable();
    await ec2.send(new CreateTagsCommand({ Resources: [GroupId], Tags: tags }));
    await taken();
    await ec2.send(new DeleteTagsCommand({ Resources: [GroupId], Tags: [...tags, { Key: 'another' }] }));
    expect(await taken()).toMatchObject([
      {
        eventName: 'DeleteTags',
        requestParameters: {
          resourcesSet: { items: [{ resourceId: GroupId }] },
          tagSet: { items: [{ key: 'portcullis-exception', value: 'true' }, { key: 'another' }] },
        },
      },
    ]);
  });

  test('a new group with its tags', async () => {
    const TagSpecifications = [{ ResourceType: 'security-group' as const, Tags: tags }];
    const made = { GroupName: 'tagged', Description: 'test', TagSpecifications };
    const { GroupId } = await ec2.send(new CreateSecurityGroupCommand(made));
    const tagSet = { items: [{ key: 'portcullis-exception', value: 'true' }] };
    expect(await taken()).toMatchObject([
      {
        eventName: 'CreateSecurityGroup',
        requestParameters: {
          groupName: 'tagged',
          groupDescription: 'test',
          tagSpecificationSet: { items: [{ resourceType: 'security-group', tags: tagSet.items }] },
        },
        responseElements: { groupId: GroupId, _return: true, tagSet },
      },
    ]);
  });

  test('a prefix list that IPAM writes to from now on', async () => {
    const made = { PrefixListName: 'synced', MaxEntries: 3, AddressFamily: 'IPv4' };
    const { PrefixList } = await ec2.send(new CreateManagedPrefixListCommand(made));
    const target = {
      ...{ IpamPrefixListResolverId: 'ipam-pl-resolver-1', PrefixListRegion: 'eu-west-1' },
      ...{ PrefixListId: PrefixList?.PrefixListId, TrackLatestVersion: true },
    };
    await ec2.send(new CreateIpamPrefixListResolverTargetCommand(target));
    const [created, ...more] = await taken();
    expect(more).toEqual([]);
    expect(created).toMatchObject({
      eventName: 'CreateIpamPrefixListResolverTarget',
      responseElements: {
        CreateIpamPrefixListResolverTargetResponse: {
          ipamPrefixListResolverTarget: {
            prefixListId: PrefixList?.PrefixListId,
            prefixListRegion: 'eu-west-1',
          },
        },
      },
    });
  });

  test('a prefix list edited and restored', async () => {
    const made = { PrefixListName: 'list', MaxEntries: 3, AddressFamily: 'IPv4' };
    const { PrefixList } = await ec2.send(new CreateManagedPrefixListCommand(made));
    const PrefixListId = PrefixList?.PrefixListId ?? '';
    const AddEntries = [{ Cidr: '0.0.0.0/0' }];
    await ec2.send(new ModifyManagedPrefixListCommand({ PrefixListId, CurrentVersion: 1, AddEntries }));
    const back = { PrefixListId, CurrentVersion: 2, PreviousVersion: 1 };
    await ec2.send(new RestoreManagedPrefixListVersionCommand(back));
    const [modified, restored, ...more] = await taken();
    expect(more).toEqual([]);
    expect(modified).toMatchObject({ eventName: 'ModifyManagedPrefixList' });
    expect(restored).toMatchObject({
      eventName: 'RestoreManagedPrefixListVersion',
      requestParameters: { RestoreManagedPrefixListVersionRequest: back },
      responseElements: {
        RestoreManagedPrefixListVersionResponse: {
          prefixList: { prefixListId: PrefixListId, version: 3, state: 'restore-complete' },
        },
      },
    });
  });

  test('a call that failed because the rule is there already', async () => {
    const GroupId = await group();
    const open = { GroupId, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' };
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(open));
    await expect(ec2.send(new AuthorizeSecurityGroupIngressCommand(open))).rejects.toThrow(/already exists/);
    const [, , failed] = await taken();
    expect(failed).toMatchObject({
      eventName: 'AuthorizeSecurityGroupIngress',
      errorCode: 'Client.InvalidPermission.Duplicate',
      requestParameters: { groupId: GroupId },
      responseElements: null,
    });
  });
});

describe('the ingress rule does not match', () => {
  test('tags of other resources, and calls that only close', async () => {
    const { GroupId, vpc } = await taggable();
    await ec2.send(new CreateTagsCommand({ Resources: [vpc], Tags: tags }));
    await ec2.send(new DeleteTagsCommand({ Resources: [vpc], Tags: tags }));
    await ec2.send(new CreateTagsCommand({ Resources: ['sgr-0a1b2c3d4e5f60001'], Tags: tags }));
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    expect(await taken()).toEqual([]);
  });
});
