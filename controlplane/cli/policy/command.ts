import { formatRule, type Opening, ruleWithoutId } from '../../../lambda/policy/rule.ts';
import { readCommandSettings } from '../../settings/environment.ts';
import { PortcullisError } from '../../settings/errors.ts';
import { runningService } from '../client/service.ts';
import { diffPolicies, type Evidence } from './diff.ts';
import { type GroupSnapshot, groupWithOneRule } from './evaluate.ts';
import { readEvents } from './events.ts';
import { readExpectations } from './expect.ts';
import { explainRule } from './explain.ts';
import { isRemediations, readFindings } from './findings.ts';
import { type Export, groupsIn, type Place, readExport, readGroups } from './groups.ts';
import { mistake, readPolicy } from './input.ts';
import {
  type DiffValues,
  type ExplainValues,
  evaluationInput,
  placeOf,
  readRule,
  type TestValues,
} from './options.ts';
import { diffJson, diffLines, testLines, walkLines } from './render.ts';
import { outcomeOf, testPolicy } from './test.ts';
import { walk } from './walk.ts';

const exits = { fine: 0, unmet: 1, forbidden: 3, differs: 3 } as const;

/** What a command prints, as lines for people and as a value for programs, and its exit code. */
export interface Answer {
  readonly lines: readonly string[];
  readonly json: unknown;
  readonly exit: number;
}

export async function test(values: TestValues): Promise<Answer> {
  const { groups = [], events = [], expect } = values;
  if (groups.length + events.length === 0 && expect === undefined)
    throw misuse('policy test needs --groups, --events or --expect');
  const file = values.policy ?? readCommandSettings().policyFile;
  const policy = await readPolicy(file);
  const place = placeOf(values);
  const report = testPolicy(policy, {
    place,
    input: await evaluationInput(values),
    snapshots: await readGroups(groups, place),
    events: await readEvents(events, place),
    expectations: expect === undefined ? undefined : await readExpectations(expect),
  });
  return { lines: testLines(report, file), json: report, exit: exits[outcomeOf(report)] };
}

export async function explain(values: ExplainValues, subject: string): Promise<Answer> {
  const policy = await readPolicy(values.policy ?? readCommandSettings().policyFile);
  const input = await evaluationInput(values);
  if (!subject.includes('/')) {
    const lines = explainRule(policy, subject, input.now);
    return { lines, json: { policyRule: subject, lines }, exit: exits.fine };
  }
  const opening = readRule(subject);
  const place = placeOf(values);
  const { groups = [], group } = values;
  if (group === undefined && groups.length > 0)
    throw misuse('--groups needs --group, the one to put the rule into');
  const snapshot =
    group === undefined
      ? groupWithOneRule(opening, place)
      : within(opening, await readGroups(groups, place), group);
  const ruleId = snapshot.rules.find((rule) => formatRule(rule) === formatRule(opening))?.id ?? '';
  const walked = walk(policy, snapshot, ruleId, input);
  return { lines: walkLines(walked), json: walked, exit: exits.fine };
}

/** A group as it would be with a rule, if it does not hold it already. */
function within(opening: Opening, snapshots: readonly GroupSnapshot[], group: string): GroupSnapshot {
  const [found, ...others] = snapshots.filter(({ group: { id, name } }) => id === group || name === group);
  if (!found) throw misuse(`--group ${group}: the groups given hold none of this id or name`);
  if (others.length > 0)
    throw misuse(`--group ${group}: ${others.length + 1} groups have this name; write an id`);
  const words = formatRule(opening);
  if (found.rules.some((rule) => formatRule(rule) === words)) return found;
  return { ...found, rules: [...found.rules, ruleWithoutId(found.group.id, opening)] };
}

export async function diff(values: DiffValues, older: string, newer: string): Promise<Answer> {
  const { against = [] } = values;
  if (against.length === 0) throw misuse('policy diff needs --against');
  const [before, after] = [await readPolicy(older), await readPolicy(newer)];
  const evidence = await evidenceOf(against, placeOf(values));
  const report = diffPolicies(before, after, evidence, await evaluationInput(values));
  return {
    lines: diffLines(report, { older, newer }, values.all === true),
    json: diffJson(report),
    exit: report.differing.length > 0 ? exits.differs : exits.fine,
  };
}

/** Security groups, or the rules in remediation results. */
async function evidenceOf(against: readonly string[], place: Place): Promise<Evidence> {
  const given: Export[] = [];
  for (const name of against) given.push(name === 'service' ? await fromService() : await readExport(name));
  const [results, other] = given.filter(({ value }) => isRemediations(value));
  if (!results) return { snapshots: groupsIn(given, place), whole: true, gaps: [] };
  if (other ?? given.length > 1)
    throw mistake(results.name, 'remediation results are compared alone; give one --against');
  const { snapshots, gaps } = readFindings(results.value, results.name);
  const asked = against.includes('service') ? [`compared: the newest ${newest} results of the service`] : [];
  return { whole: false, snapshots, gaps: [...gaps, ...asked] };
}

/** The most results that the API gives at once. */
const newest = 1_000;

/** The newest results of the service that is named, or runs on the data directory. */
async function fromService(): Promise<Export> {
  const running = await runningService();
  if (!running)
    throw new PortcullisError(
      'invalid-environment',
      'no service runs here; set PORTCULLIS_URL to the address of one',
    );
  return { name: running.url, value: await running.client.remediations({ limit: newest }) };
}

function misuse(what: string): PortcullisError {
  return new PortcullisError('invalid-request', what);
}
