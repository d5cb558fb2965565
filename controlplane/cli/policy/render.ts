import { table } from '../output/table.ts';
import type { Difference, DiffReport } from './diff.ts';
import type { EvaluatedRule, GroupHead, GroupReport, PolicyAction } from './evaluate.ts';
import type { EventReport } from './event-report.ts';
import type { Decision } from './explain.ts';
import type { TestReport } from './test.ts';

const actionTexts: Record<PolicyAction, string> = {
  revoke: 'would revoke',
  narrow: 'would narrow',
  'would-revoke': 'capped',
  notify: 'would notify',
  observe: 'would record',
};

/** What would happen to a rule, in a word or two. */
function outcomeText({ verdict, act }: EvaluatedRule): string {
  return verdict === 'violation' && act ? actionTexts[act] : verdict;
}

function reasonText({ policyRule, severity, why, act, mode, narrowTo }: EvaluatedRule): string {
  const by = policyRule && `${policyRule}${severity ? ` (${severity})` : ''}: `;
  const capped = act === 'would-revoke' && `; the policy's mode limits it to ${mode}`;
  const narrowed = narrowTo.length > 0 && `; would narrow to ${narrowTo.join(', ')}`;
  return [by, why, capped, narrowed].filter(Boolean).join('');
}

/** The id that AWS gave the rule. An id of ours repeats the text of the rule. */
const idOf = ({ ruleId }: EvaluatedRule) => (ruleId.startsWith('sgr-') ? ruleId : '');

/** One line for each rule, in columns. */
function ruleLines(rules: readonly EvaluatedRule[]): string[] {
  const hasIds = rules.some(idOf);
  return tableLines(
    rules.map((each) => [outcomeText(each), ...(hasIds ? [idOf(each)] : []), each.rule, reasonText(each)]),
  );
}

const tableLines = (rows: readonly string[][]): string[] => table(rows).split('\n').filter(Boolean);

function headText({ groupId, groupName, account, region, vpcId }: GroupHead, owner?: string | null): string {
  const place = [account, region, vpcId, owner && `owner ${owner}`].filter(Boolean).join(', ');
  return `${[groupId, groupName].filter(Boolean).join(' ')}${place && ` (${place})`}`;
}

const notKnownText = ({ notKnown }: Pick<GroupHead, 'notKnown'>) =>
  notKnown.length > 0 ? [`not known: ${notKnown.join(', ')}`] : [];

function groupLines(group: GroupReport): string[] {
  const rules = group.rules.length > 0 ? ruleLines(group.rules) : ['no ingress rule'];
  const lines = [...group.notes, ...notKnownText(group), ...rules];
  return [headText(group, group.owner), ...lines.map((line) => `  ${line}`), ''];
}

function eventLines({ asked, reading, why, ...event }: EventReport): string[] {
  const { eventId, eventName, account, region, principal, tool } = event;
  const by = principal ? ` by ${principal}${tool ? ` (${tool})` : ''}` : '';
  const head = `event ${eventId}: ${eventName ?? 'unreadable'} in ${account} ${region}${by}`;
  const lines = [head, `  ${reading.replace('-', ' ')}: ${why}`];
  if (!asked) return [...lines, ''];
  const { from, unreadable, rules } = asked;
  const edit = eventName === 'ModifySecurityGroupRules' ? ', and as ingress rules' : '';
  const more = unreadable > 0 ? `; ${unreadable} more cannot be read` : '';
  return [
    ...lines,
    `  evaluated from the ${from} in the event, as if the group had no other rules${edit} (the Lambda reads the group)${more}:`,
    ...ruleLines(rules).map((line) => `    ${line}`),
    '',
  ];
}

function countsLine({ counts }: TestReport): string {
  const { rules, groups, violation, closed, excepted, undecided, allowed, egress } = counts;
  const others = violation - closed;
  const detail = violation > 0 ? ` (${closed} would be closed, ${others} only notified or recorded)` : '';
  const ignored = egress > 0 ? `; ${egress} egress rules are not evaluated` : '';
  return `${rules} rules of ${groups} groups: ${violation} forbidden${detail}, ${excepted} excepted, ${undecided} undecided, ${allowed} allowed${ignored}`;
}

/** Each text once with its count, in the order of the texts. */
const counted = (texts: readonly string[]): [text: string, count: number][] =>
  [...Map.groupBy(texts, (text) => text)].map(([text, { length }]) => [text, length]);

/** `2 allowed, 1 undecided` */
const tally = (texts: readonly string[]): string =>
  counted(texts)
    .map(([text, count]) => `${count} ${text}`)
    .join(', ');

const digestText = (digest: string) => `(digest ${digest.slice(0, 12)})`;

/** The output of `policy test`, line by line. */
export function testLines(report: TestReport, file: string): string[] {
  const { policyDigest, at, groups, events, expected } = report;
  return [
    `${file} ${digestText(policyDigest)}, as of ${at}`,
    '',
    ...groups.flatMap(groupLines),
    ...events.flatMap(eventLines),
    ...(groups.length > 0 || events.length === 0 ? [countsLine(report)] : []),
    ...(events.length > 0
      ? [`${events.length} events: ${tally(events.map(({ reading }) => reading.replace('-', ' ')))}`]
      : []),
    ...(expected ? expected.mismatches : []),
    ...(expected ? [`${expected.met} expectations met, ${expected.mismatches.length} not`] : []),
  ];
}

/** The output of `policy explain` for a security group rule. */
export function decisionLines({ steps, evaluated, alone, notKnown }: Decision): string[] {
  const rows = steps.map(({ policyRule, says, why }, index) => [
    String(index + 1),
    policyRule,
    says.replace('-', ' '),
    why,
  ]);
  const { rule, verdict, message } = evaluated;
  const reason = verdict === 'allowed' ? 'no rule of the policy matches' : reasonText(evaluated);
  return [
    rule,
    ...tableLines(rows).map((line) => `  ${line}`),
    `${outcomeText(evaluated)}: ${reason}`,
    ...(verdict === 'violation' && message ? [`"${message}"`] : []),
    ...(alone ? ['evaluated as if the group had no other rules'] : []),
    ...(notKnown.length > 0 ? [`not known of the group: ${notKnown.join(', ')}`] : []),
  ];
}

/** The output of `policy diff`; with `all`, the rules that are the same are listed too. */
export function diffLines(
  { differing, same, gaps, oldDigest, newDigest, at }: DiffReport,
  files: { older: string; newer: string },
  all: boolean,
): string[] {
  const doubt = [...differing.map((pair) => pair.new), ...same].filter(
    ({ verdict }) => verdict === 'undecided',
  );
  const byGroup = Map.groupBy(differing, (pair) => [headText(pair), ...notKnownText(pair)].join('; '));
  const changes = differing.map((pair) => `${decisionText(pair.old)} -> ${decisionText(pair.new)}`);
  const outcomes = same.length > 0 ? ` (${tally(same.map(outcomeText))})` : '';
  return [
    `old ${files.older} ${digestText(oldDigest)}, new ${files.newer} ${digestText(newDigest)}, as of ${at}`,
    '',
    ...[...byGroup].flatMap(([head, pairs]) => [head, ...pairs.flatMap(pairLines), '']),
    ...(all ? same.map((each) => `same  ${each.groupId}  ${each.rule}  ${outcomeText(each)}`) : []),
    `${differing.length} rules differ, ${same.length} are the same${outcomes}`,
    ...counted(changes).map(([change, count]) => `  ${count}  ${change}`),
    ...(doubt.length > 0 ? [`undecided by the new policy: ${doubt.length}`] : []),
    ...gaps,
  ];
}

function pairLines({ old, new: present }: Difference): string[] {
  const rows = [
    ['old', outcomeText(old), reasonText(old)],
    ['new', outcomeText(present), reasonText(present)],
  ];
  const name = [idOf(old), old.rule].filter(Boolean).join('  ');
  return [`  ${name}`, ...tableLines(rows).map((line) => `    ${line}`)];
}

function decisionText(evaluated: EvaluatedRule): string {
  const { verdict, exceptions, policyRule } = evaluated;
  const by = verdict === 'excepted' ? exceptions.map(({ name }) => name).join(', ') : policyRule;
  return by ? `${outcomeText(evaluated)} by ${by}` : outcomeText(evaluated);
}
