import type { Clock } from '../aws/clock.ts';
import type { Member } from '../aws/cloud.ts';
import { resolvePrefixLists } from '../aws/prefix-lists.ts';
import { readGroup } from '../aws/security-groups.ts';
import type { Excepted, RemediationResult } from '../contract/result.ts';
import { undoOf } from '../contract/undo.ts';
import type { Task } from '../event/task.ts';
import { evaluate, type Verdict } from '../policy/evaluate.ts';
import type { Policy } from '../policy/schema/policy.ts';
import type { AccountFacts, PrefixList, SecurityGroup, SecurityGroupRule } from '../policy/security-group.ts';

export type Violation = Extract<Verdict, { verdict: 'violation' }>;

/** A group as it is now, and what the policy says of its rules. */
export interface GroupEvaluation {
  group: SecurityGroup;
  rules: readonly SecurityGroupRule[];
  prefixLists: ReadonlyMap<string, PrefixList>;
  violations: Violation[];
  undecided: RemediationResult['undecided'];
  excepted: Excepted[];
}

/** What a policy is judged by besides the group itself. */
export interface PolicyContext {
  policy: Policy;
  accounts: Readonly<Record<string, AccountFacts>>;
}

/** Reads a group and judges it. @throws what a call came to. */
export async function evaluateGroup(
  member: Member,
  policyContext: PolicyContext,
  task: Task,
  clock: Clock,
): Promise<GroupEvaluation> {
  const { group, rules } = await readSettled(member, task, clock);
  const prefixLists = await resolvePrefixLists(member, rules, clock);
  const place = { account: task.account, region: task.call.region, accounts: policyContext.accounts };
  const verdicts = evaluate(policyContext.policy, group, rules, { ...place, prefixLists, now: clock.now() });
  return { group, rules, prefixLists, ...sorted(verdicts) };
}

function sorted(
  verdicts: readonly Verdict[],
): Pick<GroupEvaluation, 'violations' | 'undecided' | 'excepted'> {
  const violations: Violation[] = [];
  const undecided: GroupEvaluation['undecided'] = [];
  const excepted: Excepted[] = [];
  for (const verdict of verdicts) {
    const ruleId = verdict.rule.id;
    if (verdict.verdict === 'undecided') undecided.push({ ruleId, reason: verdict.reason });
    if (verdict.verdict === 'excepted')
      excepted.push({ ruleId, policyRule: verdict.policyRule.name, exceptions: verdict.exceptions });
    if (verdict.verdict !== 'violation') continue;
    if (verdict.mode === 'revoke' && !undoOf(verdict.rule))
      undecided.push({ ruleId, reason: `${verdict.why}, but nothing could put such a rule back` });
    else violations.push(verdict);
  }
  return { violations, undecided, excepted };
}

/** A rule that the event named can be missing from a listing for a moment after its creation: then look twice. */
async function readSettled(member: Member, { groupId, ruleIds }: Task, clock: Clock) {
  const first = await readGroup(member, groupId);
  if (ruleIds.every((id) => first.rules.some((rule) => rule.id === id))) return first;
  await clock.sleep(1_000);
  return readGroup(member, groupId);
}
