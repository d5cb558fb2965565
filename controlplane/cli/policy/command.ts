import { formatRule, type Opening, ruleWithoutId } from '../../../lambda/policy/rule.ts';
import { readCommandSettings } from '../../settings/environment.ts';
import { PortcullisError } from '../../settings/errors.ts';
import { dataOwner } from '../../store/database/directory-owner.ts';
import { httpClient } from '../client/http.ts';
import type { Screen } from '../output/progress.ts';
import { diffPolicies, type Evidence } from './diff.ts';
import { type GroupSnapshot, groupWithOneRule } from './evaluate.ts';
import { readEvents } from './events.ts';
import { readExpectations } from './expect.ts';
import { explainRule } from './explain.ts';
import { isRemediations, readFindings } from './findings.ts';
import { type Export, groupsIn, type Place, readExport, readGroups } from './groups.ts';
import { mistake, readPolicy } from './input.ts';
import { evaluationInput, type options, placeOf, read, readRule } from './options.ts';
import { diffJson, diffLines, testLines, walkLines } from './render.ts';
import { outcomeOf, testPolicy } from './test.ts';
import { walk } from './walk.ts';

export const policyUsage = `portcullis policy test [--groups <file>] [--events <file or directory>] [--expect <file>]
    what the policy would do about security groups and CloudTrail events
portcullis policy explain <rule of the policy | security group rule> [--groups <file> --group <id or name>]
    what a rule of the policy says; or why tcp/22/0.0.0.0/0 is allowed or not
portcullis policy diff <old policy> <new policy> --against <file | service> [--all]
    what a change of the policy changes for security groups, or for the results that the service holds

--policy <file>        the policy (PORTCULLIS_POLICY, else lambda/policy.yaml); not for diff
--groups, --against    output of aws ec2 describe-security-groups, describe-security-group-rules, or both; diff: also
                       of GET /v1/remediations. Files may be given several times; - is standard input
--events               CloudTrail records or EventBridge events: one, a list, one on each line, {"Records": […]},
                       output of aws cloudtrail lookup-events; also gzip
--expect               a list of {group, rule or port, verdict, policyRule, mode}, YAML or JSON
--accounts, --prefix-lists   JSON: the accounts' units and tags by id; the ranges of prefix lists by id
--account, --region    where it all is from, unless it says so itself
--at <date and time>   judge as of then, not now
--json                 for programs
Files are JSON or YAML, in UTF-8, or in UTF-16 with a byte order mark.
exit: 0 nothing forbidden, all expectations met, no difference   1 failed, an expectation not met
      2 wrong use, a file that cannot be read   3 something forbidden or in doubt (test), a difference (diff)`;

const exits = { fine: 0, failed: 1, unmet: 1, usage: 2, forbidden: 3, differs: 3 } as const;

/** What a command prints, as lines for people and as a value for programs, and its exit code. */
interface Answer {
  lines: string[];
  json: unknown;
  exit: number;
}

type Name = keyof typeof options;

async function test(args: readonly string[]): Promise<Answer> {
  const { values, positionals } = read('test', args);
  if (positionals.length > 0) throw misuse(`policy test takes no ${positionals[0]}`);
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

async function explain(args: readonly string[]): Promise<Answer> {
  const { values, positionals } = read('explain', args);
  const [subject, ...more] = positionals;
  if (subject === undefined || more.length > 0) throw misuse('policy explain takes one rule');
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

async function diff(args: readonly string[]): Promise<Answer> {
  const { values, positionals } = read('diff', args);
  const [older, newer, ...more] = positionals;
  const { against = [] } = values;
  if (older === undefined || newer === undefined || more.length > 0)
    throw misuse('policy diff takes two policies, the old and the new');
  if (against.length === 0) throw misuse('policy diff needs --against');
  const [before, after] = [await readPolicy(older), await readPolicy(newer)];
  const evidence = await evidenceOf(against, placeOf(values));
  const report = diffPolicies(before, after, evidence, await evaluationInput(values));
  return {
    lines: diffLines(report, { older, newer }, values.all),
    json: diffJson(report),
    exit: report.differing.length > 0 ? exits.differs : exits.fine,
  };
}

/** Security groups, or what remediation results tell of rules. */
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

/** As many as the API tells at once. */
const newest = 1_000;

/** The newest results of the service that is named, or runs on the data directory. */
async function fromService(): Promise<Export> {
  const { url, token, data } = readCommandSettings();
  const running = url ?? (await dataOwner(data))?.url;
  if (!running)
    throw new PortcullisError(
      'invalid-environment',
      'no service runs here; set PORTCULLIS_URL to where one does',
    );
  return { name: running, value: await httpClient(running, token).remediations({ limit: newest }) };
}

function misuse(what: string): PortcullisError {
  return new PortcullisError('invalid-request', what);
}

const commands: Record<Name, (args: readonly string[]) => Promise<Answer>> = { test, explain, diff };
const isName = (word: string | undefined): word is Name =>
  word !== undefined && Object.hasOwn(commands, word);

/** Names and tags come from other people's accounts: nothing in them may move the cursor or look like a line of ours. */
function printable(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trimEnd();
}

/** JSON in which the same is escaped, and so still there. */
function printableJson(value: unknown): string {
  const escaped = (letter: string) =>
    letter === '\n'
      ? letter
      : [...Array(letter.length).keys()]
          .map((at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join('');
  return JSON.stringify(value, null, 2).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

/** Runs `portcullis policy …`; its exit code. Output goes to the screen, errors to `complain`. */
export async function policyCommand(
  args: readonly string[],
  screen: Screen,
  complain: (text: string) => void,
): Promise<number> {
  const [word, ...rest] = args;
  if (word === '--help' || rest.includes('--help')) {
    screen.write(`${policyUsage}\n`);
    return exits.fine;
  }
  if (!isName(word)) {
    complain(policyUsage);
    return exits.usage;
  }
  try {
    const { lines, json, exit } = await commands[word](rest);
    const text = rest.includes('--json') ? printableJson(json) : lines.map(printable).join('\n');
    screen.write(`${text}\n`);
    return exit;
  } catch (error) {
    if (!(error instanceof PortcullisError)) throw error;
    complain(`portcullis: ${error.message.split('\n').map(printable).join('\n')}`);
    return error.code.startsWith('invalid') ? exits.usage : exits.failed;
  }
}
