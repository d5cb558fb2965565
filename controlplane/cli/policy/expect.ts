import * as z from 'zod';
import { modes, type Policy } from '../../../lambda/policy/parse.ts';
import { formatRule, type Opening } from '../../../lambda/policy/rule.ts';
import { mapping } from '../../../lambda/policy/schema/mapping.ts';
import type { SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import { openedBy } from '../../../lambda/policy/traffic.ts';
import { reasonOf } from '../../settings/errors.ts';
import { type EvaluatedRule, type EvaluationInput, evaluateRules, type GroupReport } from './evaluate.ts';
import { readRule } from './facts.ts';
import { mistake, parseAs, parseYaml, readInput } from './input.ts';
import { type GroupSnapshot, groupWithOneRule, type Place } from './snapshot.ts';

/** The most severe first: a port has the most severe verdict of the rules that open it. */
const verdicts = ['violation', 'undecided', 'excepted', 'allowed'] as const;

const expectation = mapping({
  group: z.string('write the id or the name of a group').optional(),
  rule: z.string('write a rule such as tcp/22/0.0.0.0/0, or its id').optional(),
  port: z.union([z.int(), z.string()], 'write a port such as 22, or udp/53').optional(),
  verdict: z.enum(verdicts, `write ${verdicts.join(', ')}`),
  policyRule: z.string('write the name of a rule of the policy').optional(),
  mode: z.enum(modes, 'write observe, notify or revoke').optional(),
})
  .refine(({ rule, port }) => (rule === undefined) !== (port === undefined), 'write either rule or port')
  .refine(({ group, rule }) => group !== undefined || rule?.includes('/'), {
    message: 'write the group, or a rule such as tcp/22/0.0.0.0/0 to evaluate it alone',
    path: ['group'],
  });

export interface Expectation extends z.infer<typeof expectation> {
  /** What the rule or the port opens; undefined for the id of a rule. */
  readonly opening: Opening | undefined;
}

/** How many expectations the policy meets, and each that it does not meet, in one line. */
export interface Expected {
  readonly met: number;
  readonly mismatches: readonly string[];
}

export interface EvaluatedGroup {
  readonly snapshot: GroupSnapshot;
  readonly report: GroupReport;
}

/** The expectations in a file, YAML or JSON. @throws naming the one that cannot be read */
export async function readExpectations(file: string): Promise<Expectation[]> {
  const list = z.array(expectation, 'write a list of expectations').min(1, 'write at least one expectation');
  return parseAs(list, parseYaml(await readInput(file)), file).map((each, index) => {
    try {
      return { ...each, opening: openingIn(each) };
    } catch (error) {
      throw mistake(file, `expectation ${index + 1}: ${reasonOf(error)}`, error);
    }
  });
}

function openingIn({ rule, port }: z.infer<typeof expectation>): Expectation['opening'] {
  if (rule !== undefined) return rule.includes('/') ? readRule(rule) : undefined;
  const text = String(port);
  return readRule(`${text.includes('/') ? text : `tcp/${text}`}/0.0.0.0/0`);
}

/** Compares expectations with the verdicts of a policy. Pure. */
export function compare(
  expectations: readonly Expectation[],
  policy: Policy,
  groups: readonly EvaluatedGroup[],
  place: Place,
  input: EvaluationInput,
): Expected {
  const mismatches = expectations.flatMap((each, index) => {
    const { group, rule, port, opening } = each;
    const alone = group === undefined && opening && groupWithOneRule(opening, place);
    const found = alone ? evaluateRules(policy, alone, input)[0] : find(each, groups);
    const wrong =
      typeof found === 'object' ? mismatch(each, found) : (found ?? 'there is no rule to evaluate');
    const what = [group, rule ?? `port ${port}`].filter(Boolean).join(' ');
    return wrong === undefined ? [] : [`expectation ${index + 1}, ${what}: ${wrong}`];
  });
  return { met: expectations.length - mismatches.length, mismatches };
}

/** The evaluated rule that an expectation is about, or why there is none. */
function find(
  { group, rule, port, opening }: Expectation,
  groups: readonly EvaluatedGroup[],
): EvaluatedRule | string {
  const named = groups.filter(({ report }) => report.groupId === group || report.groupName === group);
  const [found] = named;
  if (!found) return 'no group of the exports has this id or name';
  if (named.length > 1) return `${named.length} groups have this name; write the id of one`;
  const { report, snapshot } = found;
  if (port !== undefined && opening) {
    const open = report.rules.filter((_, index) => opens(snapshot.rules[index], opening));
    return open.sort((one, other) => rank(one) - rank(other))[0] ?? 'no rule of the group opens it';
  }
  const hit = report.rules.find(
    (each, index) => each.ruleId === rule || isSame(snapshot.rules[index], opening),
  );
  return hit ?? 'the group has no such rule';
}

/** A text names a source group with or without its account. */
function isSame(rule: Opening | undefined, opening: Opening | undefined): boolean {
  if (!rule || !opening) return false;
  const anyOwner = { ...rule, source: { ...rule.source, account: null } };
  return [rule, anyOwner].map(formatRule).includes(formatRule(opening));
}

const rank = ({ verdict }: EvaluatedRule) => verdicts.indexOf(verdict);

/** Whether a rule opens a port. If that is not known, it may. */
function opens(rule: SecurityGroupRule | undefined, port: Opening): boolean {
  if (!rule) return false;
  const [wanted, opened] = [openedBy({ ...rule, ...port }), openedBy(rule)];
  if ('unknown' in opened || 'unknown' in wanted) return true;
  return opened.from <= wanted.to && wanted.from <= opened.to;
}

function mismatch(expected: Expectation, evaluated: EvaluatedRule): string | undefined {
  const { verdict, policyRule = evaluated.policyRule, mode = evaluated.mode } = expected;
  const isMet =
    evaluated.verdict === verdict && evaluated.policyRule === policyRule && evaluated.mode === mode;
  if (isMet) return undefined;
  return `expected ${verdictText(expected)}, is ${verdictText(evaluated)} (${evaluated.rule}: ${evaluated.why})`;
}

type Verdict = { [Key in 'verdict' | 'policyRule' | 'mode']?: string | null };

const verdictText = ({ verdict, policyRule, mode }: Verdict): string =>
  [verdict, policyRule && `by ${policyRule}`, mode && `in mode ${mode}`].filter(Boolean).join(' ');
