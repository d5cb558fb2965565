import type { Policy } from '../policy/schema/policy.ts';
import { ownerTagsOf } from '../policy/schema/policy.ts';
import type { SecurityGroup } from '../policy/security-group.ts';
import type { RemediationResult } from './result.ts';

/** The owner of a group: the first of the policy's owner tags that the group has. */
export function ownerOf(policy: Policy, { tags = {} }: SecurityGroup): RemediationResult['owner'] {
  const tag = ownerTagsOf(policy).find((key) => Object.hasOwn(tags, key));
  return tag === undefined ? null : { tag, value: (tags[tag] ?? '').slice(0, 256) };
}
