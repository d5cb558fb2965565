import type { Difference, DiffReport } from './diff.ts';
import type { EvaluatedRule, GroupSnapshot, PolicyAction } from './evaluate.ts';
import type { EventReport } from './event-report.ts';
import { type Counts, type GroupHead, type GroupReport, headOf, notKnownOf } from './report.ts';
import type { TestReport } from './test.ts';
import type { Walk } from './walk.ts';

const actionTexts: Record<PolicyAction, string> = {
  revoke: 'would revoke',
  narrow: 'would narrow',
  'would-revoke': 'capped',
  notify: 'would notify',
  observe: 'would record',
};

/** What would become of a rule, in a word or two. */
function outcomeText({ verdict, act }: EvaluatedRule): string {
  return verdict === 'violation' && act ? actionTexts[act] : verdict;
}

/** Why, and what else there is to say of it. */
function reasonOf({ policyRule, severity, why, act, mode, narrowTo }: EvaluatedRule): string {
  const by = policyRule && `${[policyRule, severity && `(${severity})`].filter(Boolean).join(' ')}: `;
  const held = act === 'would-revoke' && `; the policy's mode holds it back to ${mode}`;
  const instead = narrowTo.length > 0 && `; would narrow to ${narrowTo.join(', ')}`;
  return [by, why, held, instead].filter(Boolean).join('');
}

/** AWS's own id; where it gave none, the words say it all. */
const idOf = ({ ruleId }: EvaluatedRule) => (ruleId.startsWith('sgr-') ? ruleId : '');

/** One line for each rule, in columns. */
function ruleLines(rules: readonly EvaluatedRule[]): string[] {
  const rows = rules.map((each) => [outcomeText(each), idOf(each), each.rule, reasonOf(each)]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .filter((_, column) => widths[column] !== 0)
      .join('  '),
  );
}

function headText({ groupId, groupName, account, region, vpcId }: GroupHead, owner?: string | null): string {
  const place = [account, region, vpcId, owner && `owner ${owner}`].filter(Boolean).join(', ');
  return `${[groupId, groupName].filter(Boolean).join(' ')}${place && ` (${place})`}`;
}

const notKnownText = (facts: readonly string[]) =>
  facts.length > 0 ? [`not known: ${facts.join(', ')}`] : [];

function groupLines(report: GroupReport): string[] {
  const { rules, notKnown, notes, owner } = report;
  const body = rules.length > 0 ? ruleLines(rules) : ['no ingress rule'];
  const lines = [...notes, ...notKnownText(notKnown), ...body];
  return [headText(report, owner), ...lines.map((line) => `  ${line}`), ''];
}

function eventLines({ asked, reading, why, ...event }: EventReport): string[] {
  const { eventId, eventName, account, region, principal, tool } = event;
  const by = principal && ` by ${principal}${tool ? ` (${tool})` : ''}`;
  const head = `event ${eventId}: ${eventName ?? 'unreadable'} in ${account} ${region}${by ?? ''}`;
  const lines = [head, `  ${reading.replace('-', ' ')}: ${why}`];
  if (!asked) return [...lines, ''];
  const lost = asked.unreadable > 0 ? `; ${asked.unreadable} more cannot be read` : '';
  const edit = eventName === 'ModifySecurityGroupRules' ? ', taken for ingress rules' : '';
  const from = `evaluated from the words of the event's ${asked.from}, as if the group held nothing else`;
  return [
    ...[...lines, `  ${from}${edit} (the Lambda reads the group)${lost}:`],
    ...ruleLines(asked.rules).map((line) => `    ${line}`),
    '',
  ];
}

function countsLine({ rules, groups, violation, closed, egress, ...counts }: Counts): string {
  const left = violation - closed;
  const detail = violation > 0 ? ` (${closed} would be closed, ${left} only notified or recorded)` : '';
  const { excepted, undecided, allowed } = counts;
  const out = egress > 0 ? `; ${egress} egress rules are not evaluated` : '';
  return `${rules} rules of ${groups} groups: ${violation} forbidden${detail}, ${excepted} excepted, ${undecided} undecided, ${allowed} allowed${out}`;
}

/** How many there are of each word: `2 allowed, 1 undecided`. */
function tally(words: readonly string[]): string {
  return [...Map.groupBy(words, (word) => word)].map(([word, { length }]) => `${length} ${word}`).join(', ');
}

const digestText = (digest: string) => `(digest ${digest.slice(0, 12)})`;

/** What `policy test` prints, line by line. */
export function testLines(
  { policyDigest, at, groups, events, counts, expected }: TestReport,
  file: string,
): string[] {
  const readings = tally(events.map(({ reading }) => reading.replace('-', ' ')));
  return [
    `${file} ${digestText(policyDigest)}, as of ${at}`,
    '',
    ...groups.flatMap(groupLines),
    ...events.flatMap(eventLines),
    ...(groups.length > 0 || events.length === 0 ? [countsLine(counts)] : []),
    ...(events.length > 0 ? [`${events.length} events: ${readings}`] : []),
    ...(expected?.mismatches ?? []),
    ...(expected ? [`${expected.met} expectations met, ${expected.mismatches.length} not`] : []),
  ];
}

/** What `policy explain` prints of a security group rule. */
export function walkLines({ steps, evaluated, alone, notKnown }: Walk): string[] {
  const wide = Math.max(...steps.map(({ policyRule }) => policyRule.length));
  const allowed = evaluated.verdict === 'allowed';
  return [
    evaluated.rule,
    ...steps.map(({ policyRule, says, why }, index) =>
      `  ${index + 1}  ${policyRule.padEnd(wide)}  ${says.replace('-', ' ').padEnd(11)}  ${why}`.trimEnd(),
    ),
    `${outcomeText(evaluated)}: ${allowed ? 'no rule of the policy matches' : reasonOf(evaluated)}`,
    ...(evaluated.verdict === 'violation' && evaluated.message ? [`"${evaluated.message}"`] : []),
    ...(alone ? ['evaluated as if the group held nothing else'] : []),
    ...(notKnown.length > 0 ? [`not known of the group: ${notKnown.join(', ')}`] : []),
  ];
}

/** What `policy diff` prints; the rules that are the same are listed where `all` is asked for. */
export function diffLines(
  { differing, same, gaps, oldDigest, newDigest, at }: DiffReport,
  files: { older: string; newer: string },
  all: boolean,
): string[] {
  const unchanged = same.map(({ evaluated }) => evaluated);
  const after = [...differing.map((pair) => pair.new), ...unchanged];
  const doubt = after.filter(({ verdict }) => verdict === 'undecided').length;
  const steps = differing.map(({ old, new: present }) => `${labelOf(old)} -> ${labelOf(present)}`);
  const outcomes = same.length > 0 ? ` (${tally(unchanged.map(outcomeText))})` : '';
  return [
    `old ${files.older} ${digestText(oldDigest)}, new ${files.newer} ${digestText(newDigest)}, as of ${at}`,
    '',
    ...[...Map.groupBy(differing, ({ snapshot }) => snapshot)].flatMap(([snapshot, pairs]) => [
      ...[[headText(headOf(snapshot)), ...notKnownText(notKnownOf(snapshot))].join('; ')],
      ...[...pairs.flatMap(pairLines), ''],
    ]),
    ...(all ? same.map(sameLine) : []),
    `${differing.length} rules differ, ${same.length} are the same${outcomes}`,
    ...[...Map.groupBy(steps, (step) => step)].map(([step, { length }]) => `  ${length}  ${step}`),
    ...(doubt > 0 ? [`undecided by the new policy: ${doubt}`] : []),
    ...gaps,
  ];
}

function sameLine({ snapshot, evaluated }: { snapshot: GroupSnapshot; evaluated: EvaluatedRule }): string {
  return `same  ${snapshot.group.id}  ${evaluated.rule}  ${outcomeText(evaluated)}`;
}

function pairLines({ old, new: present }: Difference): string[] {
  const side = (evaluated: EvaluatedRule) => `${outcomeText(evaluated).padEnd(12)}  ${reasonOf(evaluated)}`;
  const name = [idOf(old), old.rule].filter(Boolean).join('  ');
  return [`  ${name}`, `    old  ${side(old)}`, `    new  ${side(present)}`];
}

function labelOf(evaluated: EvaluatedRule): string {
  const { verdict, exceptions, policyRule } = evaluated;
  const by = verdict === 'excepted' ? exceptions.map(({ name }) => name).join(', ') : policyRule;
  return by ? `${outcomeText(evaluated)} by ${by}` : outcomeText(evaluated);
}

/** What `policy diff` prints for programs. */
export function diffJson({ differing, same, ...report }: DiffReport): object {
  const placeOf = (snapshot: GroupSnapshot) => {
    const { vpcId: _, ...place } = headOf(snapshot);
    return place;
  };
  return {
    ...report,
    differing: differing.map(({ snapshot, ...pair }) => ({ ...placeOf(snapshot), ...pair })),
    same: same.map(({ snapshot, evaluated }) => ({ ...placeOf(snapshot), ...evaluated })),
  };
}
