import type { Difference, DiffReport } from './diff.ts';
import type { EvaluatedRule, GroupSnapshot } from './evaluate.ts';
import { headOf, outcomeText, reasonOf } from './lines.ts';
import { notKnownOf } from './report.ts';

/** What `policy diff` prints; the rules that are the same are listed where `all` is asked for. */
export function diffLines(
  report: DiffReport,
  files: { older: string; newer: string },
  all: boolean,
): string[] {
  const { differing, same, gaps, oldDigest, newDigest, at } = report;
  const groups = Map.groupBy(differing, ({ snapshot }) => snapshot);
  const doubt = [...differing.map((pair) => pair.new), ...same.map(({ evaluated }) => evaluated)].filter(
    ({ verdict }) => verdict === 'undecided',
  ).length;
  return [
    `old ${files.older} (digest ${oldDigest.slice(0, 12)}), new ${files.newer} (digest ${newDigest.slice(0, 12)}), as of ${at}`,
    '',
    ...[...groups].flatMap(([snapshot, pairs]) => [title(snapshot), ...pairs.flatMap(pairLines), '']),
    ...(all
      ? same.map(
          ({ snapshot, evaluated }) =>
            `same  ${snapshot.group.id}  ${evaluated.rule}  ${outcomeText(evaluated)}`,
        )
      : []),
    `${differing.length} rules differ, ${same.length} are the same${same.length > 0 ? ` (${outcomes(same.map(({ evaluated }) => evaluated))})` : ''}`,
    ...transitions(differing),
    ...(doubt > 0 ? [`undecided by the new policy: ${doubt}`] : []),
    ...gaps,
  ];
}

function title(snapshot: GroupSnapshot): string {
  const { group, unread, account = null, region = null } = snapshot;
  const unknown = notKnownOf(snapshot);
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
  const side = (evaluated: EvaluatedRule) => `${outcomeText(evaluated).padEnd(12)}  ${reasonOf(evaluated)}`;
  return [`  ${id}${old.rule}`, `    old  ${side(old)}`, `    new  ${side(present)}`];
}

function transitions(differing: readonly Difference[]): string[] {
  const step = ({ old, new: present }: Difference) => `${labelOf(old)} -> ${labelOf(present)}`;
  const counted = Map.groupBy(differing, step);
  return [...counted].map(([words, pairs]) => `  ${pairs.length}  ${words}`);
}

function labelOf(evaluated: EvaluatedRule): string {
  const by =
    evaluated.verdict === 'excepted'
      ? evaluated.exceptions.map(({ name }) => name).join(', ')
      : evaluated.policyRule;
  return by ? `${outcomeText(evaluated)} by ${by}` : outcomeText(evaluated);
}

function outcomes(evaluated: readonly EvaluatedRule[]): string {
  return [...Map.groupBy(evaluated, outcomeText)].map(([fate, list]) => `${list.length} ${fate}`).join(', ');
}

/** The same for programs. */
export function diffJson({ differing, same, ...report }: DiffReport): object {
  const placeOf = ({ group, unread, account, region }: GroupSnapshot) => ({
    groupId: group.id,
    groupName: unread.has('name') ? null : group.name,
    account: account ?? null,
    region: region ?? null,
  });
  return {
    ...report,
    differing: differing.map(({ snapshot, old, new: present }) => ({
      ...placeOf(snapshot),
      old,
      new: present,
    })),
    same: same.map(({ snapshot, evaluated }) => ({ ...placeOf(snapshot), ...evaluated })),
  };
}
