import { ownerOf } from '../../../lambda/contract/owner.ts';
import { undoOf } from '../../../lambda/contract/undo.ts';
import { evaluate, type Verdict } from '../../../lambda/policy/evaluate.ts';
import { withinSource } from '../../../lambda/policy/narrow.ts';
import type { Mode, Policy, PolicyRule } from '../../../lambda/policy/parse.ts';
import { formatRule, type Opening, ruleWithoutId } from '../../../lambda/policy/rule.ts';
import type {
  Fact,
  PrefixList,
  SecurityGroup,
  SecurityGroupRule,
  Situation,
} from '../../../lambda/policy/security-group.ts';

/** A security group as it was given to us, with what is known of its place. */
export interface GroupSnapshot {
  readonly group: SecurityGroup;
  readonly account: string | undefined;
  readonly region: string | undefined;
  /** The ingress rules. */
  readonly rules: readonly SecurityGroupRule[];
  /** How many egress rules it has, which are not evaluated. */
  readonly egress: number;
  /** What a reader must know about the source of this snapshot. */
  readonly notes: readonly string[];
}

/** What the evaluation needs in addition to the policy and the group. */
export interface EvaluationInput extends Pick<Situation, 'accounts'> {
  readonly prefixLists: ReadonlyMap<string, PrefixList>;
  readonly now: Date;
}

/** What the Lambda would do about a rule that the policy forbids; `would-revoke` is held back by the policy's cap. */
export type PolicyAction = 'revoke' | 'narrow' | 'would-revoke' | 'notify' | 'observe';

/** What a policy says of one security group rule. */
export interface EvaluatedRule {
  readonly ruleId: string;
  readonly rule: string;
  readonly verdict: Verdict['verdict'];
  /** The name of the policy rule that decided, where one did. */
  readonly policyRule: string | null;
  readonly severity: string | null;
  readonly message: string | null;
  /** The mode that the policy rule acts in, the policy's cap taken into account. */
  readonly mode: Mode | null;
  readonly act: PolicyAction | null;
  /** The ranges that would be allowed instead. */
  readonly narrowTo: readonly string[];
  readonly exceptions: readonly { readonly name: string; readonly expires: string | null }[];
  readonly why: string;
}

/** One evaluation for each ingress rule, in order, by the evaluator of the remediation Lambda. Pure. */
export function evaluateRules(
  policy: Policy,
  { group, rules, account, region }: GroupSnapshot,
  input: EvaluationInput,
): EvaluatedRule[] {
  return evaluate(policy, group, rules, { ...input, account, region }).map((verdict) =>
    evaluatedRule(verdict, input.prefixLists),
  );
}

/** What an undecided rule has not; an allowed one has none of it either. */
export const undecided = { policyRule: null, severity: null, message: null, mode: null, act: null };

function evaluatedRule(verdict: Verdict, prefixLists: EvaluationInput['prefixLists']): EvaluatedRule {
  const { rule } = verdict;
  const common = {
    ruleId: rule.id,
    rule: formatRule(rule),
    verdict: verdict.verdict,
    narrowTo: [],
    exceptions: [],
  };
  if (verdict.verdict === 'undecided') return { ...common, ...undecided, why: verdict.reason };
  if (verdict.verdict === 'allowed') return { ...common, ...undecided, why: verdict.why };
  const { severity = null, message = null, name, mode: own, narrowTo } = verdict.policyRule;
  const decided = { ...common, policyRule: name, severity, message, why: verdict.why };
  if (verdict.verdict === 'excepted')
    return { ...decided, mode: null, act: null, exceptions: verdict.exceptions };
  const { mode, why } = verdict;
  if (mode === 'revoke' && !undoOf(rule))
    return { ...common, ...undecided, verdict: 'undecided', why: `${why}, but nothing could put it back` };
  const ranges = mode === 'revoke' ? withinSource(narrowTo ?? [], rule.source, prefixLists) : [];
  return { ...decided, mode, act: actionOf(mode, own, ranges), narrowTo: ranges };
}

function actionOf(mode: Mode, own: PolicyRule['mode'], ranges: readonly string[]): PolicyAction {
  if (mode !== 'revoke') return own === 'revoke' ? 'would-revoke' : mode;
  return ranges.length > 0 ? 'narrow' : 'revoke';
}

/** A group of which nothing is known but the one rule that it holds. */
export function groupWithOneRule(
  opening: Opening,
  { account, region }: Pick<GroupSnapshot, 'account' | 'region'>,
): GroupSnapshot {
  const unread = new Set<Fact>(['id', 'name', 'vpc']);
  const group = { id: 'the group', name: '', vpcId: null, unread };
  const rules = [{ ...ruleWithoutId(group.id, opening), id: formatRule(opening) }];
  return { group, account, region, rules, egress: 0, notes: [] };
}

/** Who answers for the group, by its tags; nothing where it does not say or they are not known. */
export function ownerText(policy: Policy, { group }: GroupSnapshot): string | null {
  const owner = ownerOf(policy, group);
  return owner && `${owner.value} (tag ${owner.tag})`;
}
