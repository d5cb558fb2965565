import {
  AuthorizeSecurityGroupIngressCommand,
  type EC2Client,
  paginateDescribeSecurityGroupRules,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import type { Undo } from '../../../lambda/contract/result.ts';
import { poll } from '../../time/poll.ts';
import { ipPermissionSchema, isSameIngress, type SinglePermission, toAws } from './ip-permission.ts';

/** Listings are eventually consistent: a missing rule is read again after each of these. */
const retryDelaysMs = [250, 500, 1_000, 2_000];

/**
 * Puts a revoked rule back with its tags, and checks that it exists. Returns its id. Idempotent: an existing rule is
 * kept.
 * @throws EC2's error, or an Error when the rule is not listed afterwards; the signal's reason once it aborts
 */
export async function putBack(
  ec2: EC2Client,
  groupId: string,
  { ipPermission, tags }: Undo,
  signal: AbortSignal,
): Promise<string> {
  const permission = ipPermissionSchema.parse(ipPermission);
  signal.throwIfAborted();
  const made = await authorize(ec2, groupId, permission, tags, signal);
  const probe = async () => {
    signal.throwIfAborted();
    return find(ec2, groupId, permission, made, signal);
  };
  const id = await poll(retryDelaysMs, probe, { signal });
  if (id) return id;
  throw new Error(
    'EC2 accepted the rule but does not list it: it may have been revoked again, see the remediations',
  );
}

/** Returns the new rule's id; undefined when the rule exists already. */
async function authorize(
  ec2: EC2Client,
  groupId: string,
  permission: SinglePermission,
  tags: Undo['tags'],
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  // AWS reserves keys with this prefix and rejects them.
  const Tags = tags.filter(({ Key }) => !Key.toLowerCase().startsWith('aws:'));
  try {
    const { SecurityGroupRules } = await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: groupId,
        IpPermissions: [toAws(permission)],
        ...(Tags.length > 0 && { TagSpecifications: [{ ResourceType: 'security-group-rule', Tags }] }),
      }),
      { abortSignal },
    );
    return SecurityGroupRules?.[0]?.SecurityGroupRuleId;
  } catch (error) {
    if (error instanceof Error && error.name === 'InvalidPermission.Duplicate') return undefined;
    throw error;
  }
}

async function find(
  ec2: EC2Client,
  groupId: string,
  permission: SinglePermission,
  made: string | undefined,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  const wanted = (rule: SecurityGroupRule) =>
    made === undefined ? isSameIngress(rule, permission) : rule.SecurityGroupRuleId === made;
  const pages = paginateDescribeSecurityGroupRules(
    { client: ec2, pageSize: 1000 },
    { Filters: [{ Name: 'group-id', Values: [groupId] }] },
    { abortSignal },
  );
  for await (const { SecurityGroupRules = [] } of pages) {
    const found = SecurityGroupRules.find(wanted);
    if (found?.SecurityGroupRuleId) return found.SecurityGroupRuleId;
  }
  return undefined;
}
