import type { PolicyRule } from '../policy/schema/policy.ts';
import { policySchema } from '../policy/schema/policy.ts';
import type { RemediationResult } from './result.ts';

/** How the name of every canary's group begins; its id follows. */
export const canaryName = 'portcullis-canary-';

/** The tag of a canary's group, with the id as its value. */
export const canaryTag = 'portcullis:canary';

/** The source of a synthetic canary. AWS keeps `aws.` to itself, so no event of ours can be taken for CloudTrail's. */
export const canarySource = 'portcullis.canary';

/** What a canary opens to the world, in a group that nothing uses: TCP port 9, which discards. */
export const canaryPort = 9;

/** What is closed in a canary's group whatever the operator's policy says. */
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

/** What the control plane keeps in the ledger before it lets a canary fly: of a group, or of a synthetic one by its id. */
export function canaryEntry({ account, region }: Place, of: string, id: string, until: Date) {
  return {
    key: `canary/${account}/${region}/${of}`,
    text: JSON.stringify({ id, until: until.toISOString() }),
  };
}

/** Whether a policy rule is a canary's own, which no escalation leaves open. */
export function isCanaryRule(policyRule: PolicyRule): boolean {
  return canaryPolicy.rules.includes(policyRule);
}

/** Whether a result tells of a canary and nothing else, so that nobody need hear of it. */
export function isOnlyCanary(
  result: Pick<RemediationResult, 'canary' | 'findings' | 'undecided' | 'excepted'>,
): boolean {
  const { canary, findings, undecided, excepted } = result;
  const others = findings.filter(({ policyRule }) => policyRule !== canaryPolicy.rules[0]?.name);
  return canary !== undefined && others.length + undecided.length + excepted.length === 0;
}
