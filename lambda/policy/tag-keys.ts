import type { Policy } from './schema/policy.ts';

/** The tag keys of groups that a policy reads. Changes of other tags are ignored. */
export function tagKeysOf(policy: Policy): ReadonlySet<string> {
  const scopes = policy.rules.flatMap(({ scope }) => [...(scope?.include ?? []), ...(scope?.exclude ?? [])]);
  const keys = scopes.flatMap(({ groupTags }) => Object.keys(groupTags ?? {}));
  return new Set(policy.exceptionTag === undefined ? keys : [...keys, policy.exceptionTag]);
}
