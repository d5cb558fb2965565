import type { Difference, DiffReport } from './diff.ts';
import type { Holding, Judged } from './evaluate.ts';
import { fateOf, headOf, reasonOf } from './lines.ts';
import { notKnownOf } from './report.ts';

/** What `policy diff` prints; the rules that are the same are listed where `all` is asked for. */
export function diffLines(
  report: DiffReport,
  files: { older: string; newer: string },
  all: boolean,
): string[] {
  const { differing, same, gaps, oldDigest, newDigest, at } = report;
  const groups = Map.groupBy(differing, ({ holding }) => holding);
  const doubt = [...differing.map((pair) => pair.new), ...same.map(({ judged }) => judged)].filter(
    ({ verdict }) => verdict === 'undecided',
  ).length;
  return [
    `old ${files.older} (digest ${oldDigest.slice(0, 12)}), new ${files.newer} (digest ${newDigest.slice(0, 12)}), as of ${at}`,
    '',
    ...[...groups].flatMap(([holding, pairs]) => [title(holding), ...pairs.flatMap(pairLines), '']),
    ...(all
      ? same.map(({ holding, judged }) => `same  ${holding.group.id}  ${judged.rule}  ${fateOf(judged)}`)
      : []),
    `${differing.length} rules differ, ${same.length} are the same${same.length > 0 ? ` (${fates(same.map(({ judged }) => judged))})` : ''}`,
    ...transitions(differing),
    ...(doubt > 0 ? [`undecided by the new policy: ${doubt}`] : []),
    ...gaps,
  ];
}

function title(holding: Holding): string {
  const { group, unread, account = null, region = null } = holding;
  const unknown = notKnownOf(holding);
  const head = headOf({
    groupId: group.id,
    groupName: unread.has('name') ? null : group.name,
    vpcId: group.vpcId,
    account,
    region,
    owner: null,
  });
  return `${head}${unknown.length > 0 ? `; not known: ${unknown.join(', ')}` : ''}`;
}

function pairLines({ old, new: present }: Difference): string[] {
  const id = old.ruleId.startsWith('sgr-') ? `${old.ruleId}  ` : '';
  const side = (judged: Judged) => `${fateOf(judged).padEnd(12)}  ${reasonOf(judged)}`;
  return [`  ${id}${old.rule}`, `    old  ${side(old)}`, `    new  ${side(present)}`];
}

function transitions(differing: readonly Difference[]): string[] {
  const step = ({ old, new: present }: Difference) => `${labelOf(old)} -> ${labelOf(present)}`;
  const counted = Map.groupBy(differing, step);
  return [...counted].map(([words, pairs]) => `  ${pairs.length}  ${words}`);
}

function labelOf(judged: Judged): string {
  const by =
    judged.verdict === 'excepted' ? judged.exceptions.map(({ name }) => name).join(', ') : judged.policyRule;
  return by ? `${fateOf(judged)} by ${by}` : fateOf(judged);
}

function fates(judged: readonly Judged[]): string {
  return [...Map.groupBy(judged, fateOf)].map(([fate, list]) => `${list.length} ${fate}`).join(', ');
}

/** The same for programs. */
export function diffJson({ differing, same, ...report }: DiffReport): object {
  const placeOf = ({ group, unread, account, region }: Holding) => ({
    groupId: group.id,
    groupName: unread.has('name') ? null : group.name,
    account: account ?? null,
    region: region ?? null,
  });
  return {
    ...report,
    differing: differing.map(({ holding, old, new: present }) => ({
      ...placeOf(holding),
      old,
      new: present,
    })),
    same: same.map(({ holding, judged }) => ({ ...placeOf(holding), ...judged })),
  };
}
