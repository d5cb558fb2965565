import { ownerOf } from '../../../lambda/contract/owner.ts';
import { undoOf } from '../../../lambda/contract/undo.ts';
import { evaluate, type Verdict } from '../../../lambda/policy/evaluate.ts';
import { withinSource } from '../../../lambda/policy/narrow.ts';
import type { Mode, Policy, PolicyRule } from '../../../lambda/policy/parse.ts';
import { formatRule } from '../../../lambda/policy/rule.ts';
import type { PrefixList, Situation } from '../../../lambda/policy/security-group.ts';
import { type GroupSnapshot, notKnownOf } from './snapshot.ts';

/** What the evaluation needs in addition to the policy and the group. */
export interface EvaluationInput extends Pick<Situation, 'accounts'> {
  readonly prefixLists: ReadonlyMap<string, PrefixList>;
  readonly now: Date;
}

/** What the Lambda would do about a violation; `would-revoke`: the policy's mode prevents the revoke. */
export type PolicyAction = 'revoke' | 'narrow' | 'would-revoke' | 'notify' | 'observe';

/** The policy's verdict on one security group rule. */
export interface EvaluatedRule {
  readonly ruleId: string;
  readonly rule: string;
  readonly verdict: Verdict['verdict'];
  /** The name of the policy rule that decided, if one did. */
  readonly policyRule: string | null;
  readonly severity: string | null;
  readonly message: string | null;
  /** The effective mode of the policy rule. */
  readonly mode: Mode | null;
  readonly act: PolicyAction | null;
  /** The ranges that would be allowed instead. */
  readonly narrowTo: readonly string[];
  readonly exceptions: readonly { readonly name: string; readonly expires: string | null }[];
  readonly why: string;
}

/** The group, as far as the input describes it. */
export interface GroupHead {
  readonly groupId: string;
  readonly groupName: string | null;
  readonly vpcId: string | null;
  readonly account: string | null;
  readonly region: string | null;
  /** What the policy may ask about the group and the input does not contain. */
  readonly notKnown: readonly string[];
}

/** One security group, and the policy's verdict on each of its ingress rules. */
export interface GroupReport extends GroupHead {
  readonly owner: string | null;
  readonly notes: readonly string[];
  readonly egress: number;
  readonly rules: readonly EvaluatedRule[];
}

export function headOf(snapshot: GroupSnapshot): GroupHead {
  const { group, account = null, region = null } = snapshot;
  const { id: groupId, name, vpcId } = group;
  return { groupId, groupName: name || null, vpcId, account, region, notKnown: notKnownOf(snapshot) };
}

/** A group with the verdicts of a policy. Pure. */
export function reportOf(policy: Policy, snapshot: GroupSnapshot, input: EvaluationInput): GroupReport {
  const { group, egress, notes } = snapshot;
  const owner = ownerOf(policy, group);
  return {
    ...headOf(snapshot),
    ...{ owner: owner && `${owner.value} (tag ${owner.tag})`, notes, egress },
    rules: evaluateRules(policy, snapshot, input),
  };
}

/** One verdict for each ingress rule, in order, by the evaluator of the remediation Lambda. Pure. */
export function evaluateRules(
  policy: Policy,
  { group, rules, account, region }: GroupSnapshot,
  input: EvaluationInput,
): EvaluatedRule[] {
  return evaluate(policy, group, rules, { ...input, account, region }).map((verdict) =>
    evaluatedRule(verdict, input.prefixLists),
  );
}

/** What a rule does not have that no rule of the policy decides. */
export const undecided = {
  ...{ policyRule: null, severity: null, message: null, mode: null, act: null },
  ...{ narrowTo: [], exceptions: [] },
};

function evaluatedRule(verdict: Verdict, prefixLists: EvaluationInput['prefixLists']): EvaluatedRule {
  const { rule } = verdict;
  const common = { ruleId: rule.id, rule: formatRule(rule), verdict: verdict.verdict, ...undecided };
  if (verdict.verdict === 'undecided') return { ...common, why: verdict.reason };
  if (verdict.verdict === 'allowed') return { ...common, why: verdict.why };
  const { why, policyRule } = verdict;
  const { name, severity = null, message = null } = policyRule;
  const decided = { ...common, policyRule: name, severity, message, why };
  if (verdict.verdict === 'excepted') return { ...decided, exceptions: verdict.exceptions };
  const { mode } = verdict;
  if (mode === 'revoke' && !undoOf(rule))
    return { ...common, verdict: 'undecided', why: `${why}, but nothing could put such a rule back` };
  const narrowTo = mode === 'revoke' ? withinSource(policyRule.narrowTo ?? [], rule.source, prefixLists) : [];
  return { ...decided, mode, act: actionOf(mode, policyRule, narrowTo), narrowTo };
}

function actionOf(mode: Mode, policyRule: PolicyRule, narrowTo: readonly string[]): PolicyAction {
  if (mode !== 'revoke') return policyRule.mode === 'revoke' ? 'would-revoke' : mode;
  return narrowTo.length > 0 ? 'narrow' : 'revoke';
}
