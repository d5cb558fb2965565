import {
  AuthorizeSecurityGroupIngressCommand,
  type EC2Client,
  paginateDescribeSecurityGroupRules,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import type { Undo } from '../../../lambda/contract/result.ts';
import { poll } from '../../time/poll.ts';
import { ipPermissionSchema, isSameIngress, type SinglePermission, toAws } from './ip-permission.ts';

/** Listings trail writes by moments: a rule that is not listed is looked for again after each of these. */
const looks = [250, 500, 1_000, 2_000];

/**
 * Puts a revoked rule back into its security group, with the tags it had, and looks that it is there; its id.
 * Idempotent: one that is there already is left alone, so nothing is ever put in twice.
 * @throws EC2's error, or an Error where the rule is not listed afterwards; the signal's reason once it is aborted.
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
  const look = async () => {
    signal.throwIfAborted();
    return find(ec2, groupId, permission, made, signal);
  };
  const id = await poll(looks, look, { signal });
  if (id) return id;
  throw new Error(
    'EC2 took the rule and yet does not list it: it may have been closed again, see the remediations',
  );
}

/** The new rule's id; undefined where such a rule was there already. */
async function authorize(
  ec2: EC2Client,
  groupId: string,
  permission: SinglePermission,
  tags: Undo['tags'],
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  // AWS keeps keys that begin so to itself and refuses them.
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
