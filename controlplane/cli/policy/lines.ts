import type { EvaluatedRule, PolicyAction } from './evaluate.ts';
import type { EventReport } from './events.ts';
import type { Counts, GroupReport } from './report.ts';
import type { TestReport } from './test.ts';

const actionTexts: Record<PolicyAction, string> = {
  revoke: 'would revoke',
  narrow: 'would narrow',
  'would-revoke': 'capped',
  notify: 'would notify',
  observe: 'would record',
};

/** What would become of a rule, in a word or two. */
export function outcomeText({ verdict, act }: Pick<EvaluatedRule, 'verdict' | 'act'>): string {
  return verdict === 'violation' && act ? actionTexts[act] : verdict;
}

/** Why, and what else there is to say of it. */
export function reasonOf(evaluated: EvaluatedRule): string {
  const { policyRule, severity, why, act, mode, narrowTo } = evaluated;
  const by = policyRule && `${[policyRule, severity && `(${severity})`].filter(Boolean).join(' ')}: `;
  const held = act === 'would-revoke' && `; the policy's mode holds it back to ${mode}`;
  const instead = narrowTo.length > 0 && `; would narrow to ${narrowTo.join(', ')}`;
  return [by, why, held, instead].filter(Boolean).join('');
}

/** One line for each rule, in columns. */
export function ruleLines(rules: readonly EvaluatedRule[]): string[] {
  const rows = rules.map((each) => [outcomeText(each), idOf(each), each.rule, reasonOf(each)]);
  const wide = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = [wide(0), wide(1), wide(2), 0];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .filter((_, column) => column === 3 || (widths[column] ?? 0) > 0)
      .join('  '),
  );
}

/** AWS's own id; where it gave none, the words say it all. */
const idOf = ({ ruleId }: EvaluatedRule) => (ruleId.startsWith('sgr-') ? ruleId : '');

type Head = Pick<GroupReport, 'groupId' | 'groupName' | 'account' | 'region' | 'vpcId' | 'owner'>;

export function headOf({ groupId, groupName, account, region, vpcId, owner }: Head): string {
  const place = [account, region, vpcId, owner && `owner ${owner}`].filter(Boolean).join(', ');
  return `${[groupId, groupName].filter(Boolean).join(' ')}${place && ` (${place})`}`;
}

function groupLines(report: GroupReport): string[] {
  const { rules, notKnown, notes } = report;
  const remarks = [...notes, ...(notKnown.length > 0 ? [`not known: ${notKnown.join(', ')}`] : [])];
  const body = rules.length > 0 ? ruleLines(rules) : ['no ingress rule'];
  return [headOf(report), ...[...remarks, ...body].map((line) => `  ${line}`), ''];
}

function eventLines({ asked, reading, why, ...event }: EventReport): string[] {
  const { eventId, eventName, account, region, principal, tool } = event;
  const by = principal && ` by ${principal}${tool ? ` (${tool})` : ''}`;
  const head = `event ${eventId}: ${eventName ?? 'unreadable'} in ${account} ${region}${by ?? ''}`;
  const lines = [`  ${reading.replace('-', ' ')}: ${why}`];
  if (asked) {
    const lost = asked.unreadable > 0 ? `; ${asked.unreadable} more cannot be read` : '';
    const edit = eventName === 'ModifySecurityGroupRules' ? ', taken for ingress rules' : '';
    lines.push(
      `  judged from the words of the event's ${asked.from}, as if the group held nothing else${edit} (the Lambda reads the group)${lost}:`,
    );
    lines.push(...ruleLines(asked.rules).map((line) => `    ${line}`));
  }
  return [head, ...lines, ''];
}

export function countsLine({
  rules,
  groups,
  violation,
  closed,
  excepted,
  undecided,
  allowed,
  egress,
}: Counts): string {
  const left = violation - closed;
  const detail = violation > 0 ? ` (${closed} would be closed, ${left} only told of or recorded)` : '';
  const out = egress > 0 ? `; ${egress} egress rules are not judged` : '';
  return `${rules} rules of ${groups} groups: ${violation} forbidden${detail}, ${excepted} excepted, ${undecided} undecided, ${allowed} allowed${out}`;
}

function eventsLine(events: readonly EventReport[]): string {
  const readings = Object.entries(Object.groupBy(events, ({ reading }) => reading));
  const counts = readings.map(([reading, list]) => `${list?.length} ${reading.replace('-', ' ')}`);
  return `${events.length} events: ${counts.join(', ')}`;
}

/** What `policy test` prints, line by line. */
export function testLines(
  { policyDigest, at, groups, events, counts, expected }: TestReport,
  file: string,
): string[] {
  return [
    `${file} (digest ${policyDigest.slice(0, 12)}), as of ${at}`,
    '',
    ...groups.flatMap(groupLines),
    ...events.flatMap(eventLines),
    ...(groups.length > 0 || events.length === 0 ? [countsLine(counts)] : []),
    ...(events.length > 0 ? [eventsLine(events)] : []),
    ...(expected ? [...expected.mismatches, expectedLine(expected)] : []),
  ];
}

function expectedLine({ met, mismatches }: NonNullable<TestReport['expected']>): string {
  return `${met} expectations met, ${mismatches.length} not`;
}
