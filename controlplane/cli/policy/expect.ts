import * as z from 'zod';
import { modes, type Policy } from '../../../lambda/policy/parse.ts';
import { formatRule, type Opening } from '../../../lambda/policy/rule.ts';
import { mapping } from '../../../lambda/policy/schema/mapping.ts';
import type { SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import { openedBy } from '../../../lambda/policy/traffic.ts';
import { reasonOf } from '../../settings/errors.ts';
import { type EvaluatedRule, type EvaluationInput, evaluateRules, groupWithOneRule } from './evaluate.ts';
import type { Place } from './groups.ts';
import { mistake, parseAs, parseYaml, readInput } from './input.ts';
import { readRule } from './options.ts';
import type { EvaluatedGroup } from './report.ts';

/** The worst first: the verdict of a port is the worst verdict of the rules that open it. */
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
    message: 'write the group, or a rule in words such as tcp/22/0.0.0.0/0 to evaluate it alone',
    path: ['group'],
  });

export type Expectation = z.infer<typeof expectation> & {
  /** The rule or port as it is compared. */
  readonly opening: Opening | undefined;
};

/** What came of the expectations: those that the policy does not meet, each in one line. */
export interface Expected {
  readonly met: number;
  readonly mismatches: readonly string[];
}

/** A list of expectations, YAML or JSON. @throws naming the one that cannot be read. */
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
  const words = String(port);
  return readRule(`${words.includes('/') ? words : `tcp/${words}`}/0.0.0.0/0`);
}

/** Compares expectations with what a policy says. Pure. */
export function compare(
  expectations: readonly Expectation[],
  policy: Policy,
  groups: readonly EvaluatedGroup[],
  place: Place,
  input: EvaluationInput,
): Expected {
  const mismatches = expectations.flatMap((each, index) => {
    const found = each.group === undefined ? evaluateAlone(each, policy, place, input) : find(each, groups);
    const wrong = typeof found === 'string' ? found : mismatch(each, found);
    const { group, rule, port } = each;
    const what = [group, rule ?? `port ${port}`].filter(Boolean).join(' ');
    return wrong === undefined ? [] : [`expectation ${index + 1}, ${what}: ${wrong}`];
  });
  return { met: expectations.length - mismatches.length, mismatches };
}

function evaluateAlone({ opening }: Expectation, policy: Policy, place: Place, input: EvaluationInput) {
  const [evaluated] = opening ? evaluateRules(policy, groupWithOneRule(opening, place), input) : [];
  return evaluated ?? 'there is no rule to evaluate';
}

/** The evaluation that an expectation is about, or why there is none. */
function find(
  { group, rule, port, opening }: Expectation,
  groups: readonly EvaluatedGroup[],
): EvaluatedRule | string {
  const named = groups.filter(({ report }) => report.groupId === group || report.groupName === group);
  const [found, ...others] = named;
  if (!found) return 'no group of the exports has this id or name';
  if (others.length > 0) return `${named.length} groups have this name; write the id of one`;
  const { report, snapshot } = found;
  if (port !== undefined && opening) {
    const open = report.rules.filter((_, index) => opens(snapshot.rules[index], opening));
    return open.sort((one, other) => worst(one) - worst(other))[0] ?? 'no rule of the group opens it';
  }
  const hit = report.rules.find(
    (each, index) => each.ruleId === rule || isSame(snapshot.rules[index], opening),
  );
  return hit ?? 'the group has no such rule';
}

/** Words name a source group with or without its account. */
function isSame(rule: Opening | undefined, opening: Opening | undefined): boolean {
  if (!rule || !opening) return false;
  const anyOwner = { ...rule, source: { ...rule.source, account: null } };
  return [rule, anyOwner].map(formatRule).includes(formatRule(opening));
}

const worst = ({ verdict }: EvaluatedRule) => verdicts.indexOf(verdict);

/** What a rule opens may be in doubt; then it may open the port. */
function opens(rule: SecurityGroupRule | undefined, port: Opening): boolean {
  if (!rule) return false;
  const wanted = openedBy({ ...rule, ...port });
  const opened = openedBy(rule);
  if ('unknown' in opened || 'unknown' in wanted) return true;
  return opened.from <= wanted.to && wanted.from <= opened.to;
}

function mismatch({ verdict, policyRule, mode }: Expectation, evaluated: EvaluatedRule): string | undefined {
  const same =
    evaluated.verdict === verdict &&
    (policyRule === undefined || evaluated.policyRule === policyRule) &&
    (mode === undefined || evaluated.mode === mode);
  if (same) return undefined;
  const wanted = verdictText({ verdict, policyRule, mode });
  return `expected ${wanted}, is ${verdictText(evaluated)} (${evaluated.rule}: ${evaluated.why})`;
}

type Wanted = { [Key in 'verdict' | 'policyRule' | 'mode']: Expectation[Key] | null };

function verdictText({ verdict, policyRule, mode }: Wanted): string {
  return [verdict, policyRule && `by ${policyRule}`, mode && `in mode ${mode}`].filter(Boolean).join(' ');
}
