import type { Policy } from '../../../lambda/policy/parse.ts';
import { type EvaluatedRule, type EvaluationInput, evaluateRules, type GroupSnapshot } from './evaluate.ts';
import { notKnownOf } from './report.ts';

/** What one rule of the policy says of a security group rule, in its turn. */
export interface Step {
  readonly policyRule: string;
  readonly says: 'misses' | 'decides' | 'not-reached';
  readonly why: string;
}

export interface Walk {
  readonly steps: readonly Step[];
  readonly evaluated: EvaluatedRule;
  /** The group was taken to hold no other rule. */
  readonly alone: boolean;
  readonly notKnown: readonly string[];
}

/** How the policy reaches its verdict on one rule of the group: each policy rule is asked alone, in order. Pure. */
export function walk(policy: Policy, snapshot: GroupSnapshot, ruleId: string, input: EvaluationInput): Walk {
  const by = (rules: Policy['rules']) => {
    const evaluated = evaluateRules({ ...policy, rules }, snapshot, input).find(
      (each) => each.ruleId === ruleId,
    );
    if (!evaluated) throw new Error(`the group has no rule ${ruleId}`);
    return evaluated;
  };
  const steps: Step[] = [];
  let decided = false;
  for (const rule of policy.rules) {
    if (decided) {
      steps.push({ policyRule: rule.name, says: 'not-reached', why: '' });
      continue;
    }
    const { verdict, why } = by([rule]);
    decided = verdict !== 'allowed';
    steps.push({ policyRule: rule.name, says: decided ? 'decides' : 'misses', why });
  }
  return {
    steps,
    evaluated: by(policy.rules),
    alone: snapshot.rules.length === 1,
    notKnown: notKnownOf(snapshot),
  };
}
