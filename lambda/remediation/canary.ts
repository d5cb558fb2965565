import * as z from 'zod';
import { canaryEntry, canaryName, canaryPolicy, canaryTag, type Place } from '../contract/canary.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { evaluate } from '../policy/evaluate.ts';
import type { SecurityGroup } from '../policy/security-group.ts';
import type { GroupEvaluation } from './evaluation.ts';

const entrySchema = z.object({ id: z.string(), until: z.iso.datetime() });

/** The canary that the ledger has for a group or id. Only the hub's account can write there. */
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
 * The canary that a group belongs to. Name and tag only avoid ledger reads for other groups, because anyone who can
 * create a group can set both. The ledger decides, by account, Region, group and time.
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

/** The evaluation of a canary's group: its own rule is closed, and the policy decides about the others. */
export function withCanary(evaluation: GroupEvaluation, now: Date): GroupEvaluation {
  const { group, rules, prefixLists } = evaluation;
  const own = evaluate(canaryPolicy, group, rules, { prefixLists, now }).filter(
    (each) => each.verdict === 'violation',
  );
  const apart = (ruleId: string) => !own.some(({ rule }) => rule.id === ruleId);
  return {
    ...evaluation,
    violations: [...own, ...evaluation.violations.filter(({ rule }) => apart(rule.id))],
    undecided: evaluation.undecided.filter(({ ruleId }) => apart(ruleId)),
    excepted: evaluation.excepted.filter(({ ruleId }) => apart(ruleId)),
  };
}
