import * as z from 'zod';
import type { RemediationResult } from '../contract/result.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { evaluate } from '../policy/evaluate.ts';
import { type PolicyRule, policySchema } from '../policy/schema/policy.ts';
import type { SecurityGroup } from '../policy/security-group.ts';
import type { Judgement } from './evaluation.ts';

/** How the name of every canary's group begins; its id follows. */
export const canaryName = 'portcullis-canary-';
/** The tag of a canary's group, with the id as its value. */
export const canaryTag = 'portcullis:canary';
/** The source of a synthetic canary. AWS keeps `aws.` to itself, so no event of ours can be taken for CloudTrail's. */
export const canarySource = 'portcullis.canary';
/** What a canary opens to the world, in a group that nothing uses: TCP port 9, which discards. */
export const canaryPort = 9;

/** What is closed in a canary's group whatever the operator's policy says. */
const canaryPolicy = policySchema.parse({
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

interface Place {
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

const entrySchema = z.object({ id: z.string(), until: z.iso.datetime() });

/** The canary that the ledger knows under a group or id; only the hub's own account can write there. */
export async function knownCanary(
  ledger: Ledger,
  place: Place,
  of: string,
  now: Date,
): Promise<string | undefined> {
  const text = await ledger.read(canaryEntry(place, of, '', now).key);
  if (text === undefined) return undefined;
  const { id, until } = entrySchema.parse(JSON.parse(text));
  return Date.parse(until) > now.getTime() ? id : undefined;
}

/**
 * The canary that a group belongs to. Name and tag are but a hint, which spares other groups the look: whoever may
 * make a group can give it both. Only the ledger decides, by account, Region, group and time.
 */
export async function canaryOf(
  ledger: Ledger,
  place: Place,
  { id: groupId, name, tags = {} }: SecurityGroup,
  now: Date,
): Promise<string | undefined> {
  const tag = tags[canaryTag];
  if (tag === undefined || name !== canaryName + tag) return undefined;
  const id = await knownCanary(ledger, place, groupId, now);
  return id === tag ? id : undefined;
}

/** What a group's judgement comes to where it is a canary's: its own rule goes, and of others the policy has the say. */
export function withCanary(judgement: Judgement, now: Date): Judgement {
  const { group, rules, prefixLists } = judgement;
  const own = evaluate(canaryPolicy, group, rules, { prefixLists, now }).filter(
    (each) => each.verdict === 'violation',
  );
  const apart = (ruleId: string) => !own.some(({ rule }) => rule.id === ruleId);
  return {
    ...judgement,
    violations: [...own, ...judgement.violations.filter(({ rule }) => apart(rule.id))],
    undecided: judgement.undecided.filter(({ ruleId }) => apart(ruleId)),
    excepted: judgement.excepted.filter(({ ruleId }) => apart(ruleId)),
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
