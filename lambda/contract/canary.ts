import type { PolicyRule } from '../policy/schema/policy.ts';
import { policySchema } from '../policy/schema/policy.ts';
import type { RemediationResult } from './result.ts';

/** The prefix of the name of every canary's group; the canary's id follows. */
export const canaryName = 'portcullis-canary-';

/** The tag of a canary's group. Its value is the id. */
export const canaryTag = 'portcullis:canary';

/** The source of a synthetic canary. AWS reserves `aws.`, so no custom event can look like one of CloudTrail. */
export const canarySource = 'portcullis.canary';

/** The port that a canary opens to the world, in a group that nothing uses: TCP 9, the discard protocol. */
export const canaryPort = 9;

/** What is closed in a canary's group, independent of the operator's policy. */
export const canaryPolicy = policySchema.parse({
  version: 1,
  rules: [
    {
      name: 'portcullis-canary',
      match: {
        sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } },
        protocols: ['tcp'],
        ports: { any: [canaryPort] },
      },
      mode: 'revoke',
    },
  ],
});

export interface Place {
  account: string;
  region: string;
}

/**
 * The ledger entry that the control plane writes before it starts a canary, by group or by the id of a synthetic one.
 */
export function canaryEntry({ account, region }: Place, of: string, id: string, until: Date) {
  return {
    key: `canary/${account}/${region}/${of}`,
    text: JSON.stringify({ id, until: until.toISOString() }),
  };
}

/** Whether a policy rule is the canary's own, which no escalation leaves open. */
export function isCanaryRule(policyRule: PolicyRule): boolean {
  return canaryPolicy.rules.includes(policyRule);
}

/** Whether a result is about a canary only, so that no one is notified of it. */
export function isOnlyCanary(
  result: Pick<RemediationResult, 'canary' | 'findings' | 'undecided' | 'excepted'>,
): boolean {
  const { canary, findings, undecided, excepted } = result;
  const others = findings.filter(({ policyRule }) => policyRule !== canaryPolicy.rules[0]?.name);
  return canary !== undefined && others.length + undecided.length + excepted.length === 0;
}
