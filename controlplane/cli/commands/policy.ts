import { formatRule, type Opening, ruleWithoutId } from '../../../lambda/policy/rule.ts';
import { readCommandSettings } from '../../settings/environment.ts';
import { PortcullisError } from '../../settings/errors.ts';
import { runningService } from '../client/service.ts';
import { plain } from '../output/table.ts';
import { exits, show, type Terminal } from '../output/terminal.ts';
import { diffPolicies, type Evidence } from '../policy/diff.ts';
import { readEvents } from '../policy/events.ts';
import { readExpectations } from '../policy/expect.ts';
import { explainDecision, explainPolicyRule } from '../policy/explain.ts';
import { type Export, groupsIn, readExport, readGroups } from '../policy/exports.ts';
import { evaluationInput, type FactOptions, placeOf, readRule } from '../policy/facts.ts';
import { mistake, readPolicy } from '../policy/input.ts';
import { decisionLines, diffLines, testLines } from '../policy/render.ts';
import { isRemediations, readResults } from '../policy/results.ts';
import { type GroupSnapshot, groupWithOneRule, type Place } from '../policy/snapshot.ts';
import { outcomeOf, testPolicy } from '../policy/test.ts';

/** Names and tags were written in other accounts: nothing in them may be invisible or look like a line of ours. */
const printed = (lines: readonly string[]): string =>
  lines.map((line) => plain(line.replace(/\p{Cf}+/gu, ' ')).trimEnd()).join('\n');

interface TestOptions extends FactOptions {
  readonly policy?: string;
  readonly groups?: readonly string[];
  readonly events?: readonly string[];
  readonly expect?: string;
}

const testExits = { fine: exits.done, unmet: exits.failed, forbidden: exits.differs } as const;

/** Shows what the policy does about security groups and events. @throws `invalid-request` */
export async function test(terminal: Terminal, options: TestOptions): Promise<number> {
  const { groups = [], events = [], expect } = options;
  if (groups.length + events.length === 0 && expect === undefined)
    throw wrongUse('policy test needs --groups, --events or --expect');
  const file = options.policy ?? readCommandSettings().policyFile;
  const policy = await readPolicy(file);
  const place = placeOf(options);
  const report = testPolicy(policy, {
    place,
    input: await evaluationInput(options),
    snapshots: await readGroups(groups, place),
    events: await readEvents(events, place),
    expectations: expect === undefined ? undefined : await readExpectations(expect),
  });
  show(terminal, report, () => printed(testLines(report, file)));
  return testExits[outcomeOf(report)];
}

interface ExplainOptions extends FactOptions {
  readonly policy?: string;
  readonly groups?: readonly string[];
  readonly group?: string;
}

/** Explains a rule of the policy, or the decision about a security group rule. @throws `invalid-request` */
export async function explain(terminal: Terminal, options: ExplainOptions, subject: string): Promise<number> {
  const policy = await readPolicy(options.policy ?? readCommandSettings().policyFile);
  const input = await evaluationInput(options);
  if (!subject.includes('/')) {
    const lines = explainPolicyRule(policy, subject, input.now);
    show(terminal, { policyRule: subject, lines }, () => printed(lines));
    return exits.done;
  }
  const opening = readRule(subject);
  const place = placeOf(options);
  const { groups = [], group } = options;
  if (group === undefined && groups.length > 0)
    throw wrongUse('--groups needs --group, the group to put the rule into');
  const snapshot =
    group === undefined
      ? groupWithOneRule(opening, place)
      : groupWith(opening, await readGroups(groups, place), group);
  const ruleId = snapshot.rules.find((rule) => formatRule(rule) === formatRule(opening))?.id ?? '';
  const decision = explainDecision(policy, snapshot, ruleId, input);
  show(terminal, decision, () => printed(decisionLines(decision)));
  return exits.done;
}

/** The named group with a rule added, if it does not have that rule. */
function groupWith(opening: Opening, snapshots: readonly GroupSnapshot[], name: string): GroupSnapshot {
  const named = snapshots.filter(({ group }) => group.id === name || group.name === name);
  const [found] = named;
  if (!found) throw wrongUse(`--group ${name}: no group in --groups has this id or name`);
  if (named.length > 1) throw wrongUse(`--group ${name}: ${named.length} groups have this name; write an id`);
  if (found.rules.some((rule) => formatRule(rule) === formatRule(opening))) return found;
  return { ...found, rules: [...found.rules, ruleWithoutId(found.group.id, opening)] };
}

interface DiffOptions extends FactOptions {
  readonly against?: readonly string[];
  readonly all?: boolean;
}

/** Shows what a change of the policy changes. @throws `invalid-request` */
export async function diff(
  terminal: Terminal,
  options: DiffOptions,
  older: string,
  newer: string,
): Promise<number> {
  const { against = [], all = false } = options;
  if (against.length === 0) throw wrongUse('policy diff needs --against');
  const [before, after] = [await readPolicy(older), await readPolicy(newer)];
  const evidence = await evidenceIn(against, placeOf(options));
  const report = diffPolicies(before, after, evidence, await evaluationInput(options));
  show(terminal, report, () => printed(diffLines(report, { older, newer }, all)));
  return report.differing.length > 0 ? exits.differs : exits.done;
}

/** Security groups, or the rules in remediation results. */
async function evidenceIn(against: readonly string[], place: Place): Promise<Evidence> {
  const given: Export[] = [];
  for (const name of against) given.push(name === 'service' ? await fromService() : await readExport(name));
  const results = given.find(({ value }) => isRemediations(value));
  if (!results) return { snapshots: groupsIn(given, place), whole: true, gaps: [] };
  if (given.length > 1)
    throw mistake(results.name, 'remediation results are compared alone; give one --against');
  const { snapshots, gaps } = readResults(results.value, results.name);
  const newest = against.includes('service')
    ? [`compared: the newest ${mostResults} results of the service`]
    : [];
  return { whole: false, snapshots, gaps: [...gaps, ...newest] };
}

/** The API's largest page. */
const mostResults = 1_000;

/** The newest results of the service that `PORTCULLIS_URL` names, or that runs on the data directory. */
async function fromService(): Promise<Export> {
  const running = await runningService();
  if (!running)
    throw new PortcullisError(
      'invalid-environment',
      'no service runs here; set PORTCULLIS_URL to the address of one',
    );
  return { name: running.url, value: await running.client.remediations({ limit: mostResults }) };
}

const wrongUse = (what: string) => new PortcullisError('invalid-request', what);
