import type { Clock } from '../aws/clock.ts';
import type { Member } from '../aws/cloud.ts';
import { resolvePrefixLists } from '../aws/prefix-lists.ts';
import type { Excepted, RemediationResult } from '../contract/result.ts';
import { undoOf } from '../contract/undo.ts';
import type { Task } from '../event/task.ts';
import type { AccountFacts } from '../policy/account-facts.ts';
import { evaluate, type Verdict } from '../policy/evaluate.ts';
import type { Policy } from '../policy/schema/policy.ts';
import type { PrefixList, SecurityGroup, SecurityGroupRule, Situation } from '../policy/security-group.ts';
import { isUnseen } from '../policy/source.ts';
import { type Disagreement, readSettled } from './settle.ts';

export type Violation = Extract<Verdict, { verdict: 'violation' }>;

/** A group as it is now, and the policy's verdicts on its rules. */
export interface GroupEvaluation {
  group: SecurityGroup;
  rules: readonly SecurityGroupRule[];
  prefixLists: ReadonlyMap<string, PrefixList>;
  violations: Violation[];
  undecided: RemediationResult['undecided'];
  excepted: Excepted[];
  disagreements: Disagreement[];
  /** A prefix list can change without an event, and then the policy may forbid what the list allows. */
  watched: boolean;
}

/** What an evaluation needs in addition to the group. */
export interface PolicyContext {
  policy: Policy;
  accounts: Readonly<Record<string, AccountFacts>>;
  /** Whether edits of an account's prefix lists arrive as events. */
  isCovered: (account: string, eventId: string) => Promise<boolean>;
}

/** Reads and evaluates a group. @throws the error of a failed call. */
export async function evaluateGroup(
  member: Member,
  policyContext: PolicyContext,
  task: Task,
  clock: Clock,
  closedRules: () => Promise<ReadonlySet<string>>,
): Promise<GroupEvaluation> {
  const { group, rules, disagreements } = await readSettled(member, task, clock, closedRules);
  const prefixLists = await resolvePrefixLists(
    member,
    rules,
    clock,
    coveredFrom(policyContext, task.account, task.call),
  );
  const place = { account: task.account, region: task.call.region, accounts: policyContext.accounts };
  const situation = { ...place, prefixLists, now: clock.now() };
  const verdicts = evaluate(policyContext.policy, group, rules, situation);
  const watched = isWatched(policyContext.policy, group, rules, situation);
  return { group, rules, prefixLists, ...sorted(verdicts), disagreements, watched };
}

/** The same question for an account's own group, whose own lists are always covered. */
export function coveredFrom(
  { policy, isCovered }: PolicyContext,
  account: string,
  { eventId }: { eventId: string },
): (owner: string) => Promise<boolean> {
  const trusted = policy.trustPrefixListOwners ?? [];
  return async (owner) => owner === account || trusted.includes(owner) || isCovered(owner, eventId);
}

const everyAddress: PrefixList = { kind: 'entries', cidrs: ['0.0.0.0/0', '::/0'] };

/**
 * Whether the policy would forbid the group if the lists that can change without an event were open to the world. Pure.
 */
function isWatched(
  policy: Policy,
  group: SecurityGroup,
  rules: readonly SecurityGroupRule[],
  situation: Situation & { prefixLists: ReadonlyMap<string, PrefixList> },
): boolean {
  const lists = [...situation.prefixLists];
  const changing = lists.filter(([, list]) => isUnseen(list, policy) || ('synced' in list && list.synced));
  if (changing.length === 0) return false;
  const ids = new Set(changing.map(([id]) => id));
  const prefixLists = new Map(lists.map(([id, list]) => [id, ids.has(id) ? everyAddress : list]));
  return evaluate(policy, group, rules, { ...situation, prefixLists }).some(
    ({ rule, verdict }) => ids.has(rule.source.text) && ['violation', 'undecided'].includes(verdict),
  );
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
      undecided.push({ ruleId, reason: `${verdict.why}, but such a rule cannot be restored` });
    else violations.push(verdict);
  }
  return { violations, undecided, excepted };
}
