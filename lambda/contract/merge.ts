import { modes } from '../policy/schema/policy.ts';
import type { Channel, Outcome, RemediationResult, ResultFinding } from './result.ts';
import { actionStrength, channelStrength, heldBy, outcomeStrength } from './strength.ts';

/** JSON with sorted keys, because a database can return an object's keys in another order. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, each) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  );

export const isSameResult = (one: RemediationResult, other: RemediationResult): boolean =>
  textOf(one) === textOf(other);

/** Sorts by each measure in turn, the greatest first, then by text. */
const sorted = <T>(values: readonly T[], ...measures: ((value: T) => number)[]): T[] =>
  values
    .map((value) => ({ value, ranks: measures.map((measure) => measure(value)), text: textOf(value) }))
    .sort((one, other) => {
      const at = one.ranks.findIndex((rank, index) => rank !== other.ranks[index]);
      if (at >= 0) return (other.ranks[at] ?? 0) - (one.ranks[at] ?? 0);
      return one.text < other.text ? -1 : Number(one.text > other.text);
    })
    .map(({ value }) => value);

const undoCount = ({ findings }: RemediationResult): number =>
  findings.filter(({ undo }) => undo !== null).length;

/**
 * Merges the results of one event and group into one that reports everything. The strongest outcome that the merged
 * findings still support wins. What restores a rule is kept from any result that has it. Pure, and independent of order
 * and repetition. `part` is dropped; `parts` stays while a part is missing.
 */
export function mergeResults(results: readonly RemediationResult[]): RemediationResult {
  const distinct = [...new Map(results.map((result) => [textOf(result), result])).values()];
  const [only] = distinct;
  if (!only) throw new Error('there is no result to merge');
  if (distinct.length === 1 && only.parts === undefined) return only;
  const reports = reportsOf(distinct);
  const missing = reports.filter((report) => isIncomplete(report) && !isSuperseded(report, reports));
  const findings = mergeFindings(distinct.flatMap((result) => result.findings));
  const outcome = outcomeOf(distinct, findings, missing.length > 0);
  const [lead = only] = sorted(
    distinct,
    (result) => Number(result.outcome === outcome),
    (result) => outcomeStrength[result.outcome],
    undoCount,
    (result) => -Date.parse(result.time),
  );
  const lists = {
    findings,
    undecided: undecidedBeside(findings, distinct),
    excepted: oneForEachRule(distinct.flatMap(({ excepted }) => excepted)),
  };
  return {
    ...aboutTheGroup(lead, distinct),
    outcome,
    ...lists,
    omitted: omittedFrom(reports, lists),
    ...(missing.length > 0 && { parts: Math.max(...missing.map(([each]) => each?.parts ?? 0)) }),
    mode: modes.findLast((mode) => distinct.some((result) => result.mode === mode)) ?? null,
    notification: {
      slack: strongestChannel(distinct.map(({ notification }) => notification.slack)),
      sns: strongestChannel(distinct.map(({ notification }) => notification.sns)),
      securityHub: strongestChannel(distinct.map(({ notification }) => notification.securityHub)),
    },
    timeline: timelineOf(lead, distinct),
  };
}

/** The facts of the strongest result about event and group, completed from the others. */
function aboutTheGroup(lead: RemediationResult, results: readonly RemediationResult[]) {
  const { part: _, parts: __, disagreements: ___, repeated: ____, ...header } = lead;
  const canary = lead.canary ?? first(results, (result) => result.canary);
  return {
    ...header,
    groupName: lead.groupName ?? first(results, ({ groupName }) => groupName),
    vpcId: lead.vpcId ?? first(results, ({ vpcId }) => vpcId),
    owner: lead.owner ?? first(results, ({ owner }) => owner),
    exceptionTag: lead.exceptionTag ?? first(results, ({ exceptionTag }) => exceptionTag),
    ...(canary !== null && { canary }),
    ...disagreementsOf(results),
  };
}

/** All disagreements between event and EC2. A result that people were notified of is not a repeated one. */
function disagreementsOf(results: readonly RemediationResult[]) {
  const all = new Map(
    results.flatMap(({ disagreements = [] }) => disagreements.map((each) => [textOf(each), each])),
  );
  const disagreements = [...all.keys()].sort().flatMap((text) => all.get(text) ?? []);
  return {
    ...(disagreements.length > 0 && { disagreements }),
    ...(results.every(({ repeated }) => repeated) && { repeated: true as const }),
  };
}

/** A rule that one result left undecided and another decided is decided. */
function undecidedBeside(findings: readonly ResultFinding[], results: readonly RemediationResult[]) {
  const decided = new Set(findings.map(({ ruleId }) => ruleId));
  return oneForEachRule(results.flatMap(({ undecided }) => undecided)).filter(
    ({ ruleId }) => !decided.has(ruleId),
  );
}

/** The first value in an order that does not depend on the order of the results; null when there is none. */
function first<T>(
  results: readonly RemediationResult[],
  of: (result: RemediationResult) => T | null | undefined,
): T | null {
  const values = results.map(of).filter((value) => value !== null && value !== undefined);
  return sorted(values)[0] ?? null;
}

function outcomeOf(
  results: readonly RemediationResult[],
  findings: readonly ResultFinding[],
  incomplete: boolean,
): Outcome {
  const claims = sorted([...new Set(results.map(({ outcome }) => outcome))], (each) => outcomeStrength[each]);
  // A part that has not arrived may hold the finding.
  const held = claims.filter(
    (claim) => incomplete || !heldBy[claim] || findings.some(({ action }) => action === heldBy[claim]),
  );
  return (held[0] ?? claims[0]) as Outcome;
}

function mergeFindings(findings: readonly ResultFinding[]): ResultFinding[] {
  const byRule = Map.groupBy(findings, ({ ruleId }) => ruleId);
  return [...byRule.keys()].sort().flatMap((ruleId) => {
    const same = sorted(
      byRule.get(ruleId) ?? [],
      ({ action }) => actionStrength[action],
      ({ undo }) => Number(undo !== null),
    );
    const undo = same.find((each) => each.undo !== null)?.undo ?? null;
    return same.slice(0, 1).map((finding) => ({ ...finding, undo }));
  });
}

function oneForEachRule<T extends { ruleId: string }>(entries: readonly T[]): T[] {
  const byRule = new Map(
    sorted(entries)
      .reverse()
      .map((entry) => [entry.ruleId, entry]),
  );
  return [...byRule.keys()].sort().flatMap((ruleId) => byRule.get(ruleId) ?? []);
}

/** What one attempt published: one result, or the parts of one, which share both times. */
type Report = readonly RemediationResult[];

const reportsOf = (results: readonly RemediationResult[]): Report[] => [
  ...Map.groupBy(results, (result) =>
    result.parts === undefined
      ? textOf(result)
      : [result.time, result.timeline.receivedAt, result.parts].join(' '),
  ).values(),
];

const isIncomplete = (report: Report): boolean =>
  new Set(report.map(({ part }) => part)).size < (report[0]?.parts ?? 1);

const undoneBy = (report: Report): string[] =>
  report.flatMap(({ findings }) => findings.filter(({ undo }) => undo !== null).map(({ ruleId }) => ruleId));

/** When an attempt ends between two parts, the retry reports everything that both attempts revoked. */
const isSuperseded = (report: Report, reports: readonly Report[]): boolean =>
  reports.some((other) => {
    if (other === report || isIncomplete(other)) return false;
    const undone = new Set(undoneBy(other));
    const revoked = undoneBy(report);
    return revoked.length > 0 && revoked.every((ruleId) => undone.has(ruleId));
  });

type Lists = Pick<RemediationResult, 'findings' | 'undecided' | 'excepted'>;

const entriesOf = ({ findings, undecided, excepted }: Lists): number =>
  findings.length + undecided.length + excepted.length;

/** How many entries the largest report had beyond the known ones. */
function omittedFrom(reports: readonly Report[], lists: Lists): number {
  const sizes = reports
    .filter((report) => report.some(({ omitted }) => omitted > 0))
    .map((report) => report.reduce((sum, result) => sum + entriesOf(result) + result.omitted, 0));
  return Math.max(0, ...sizes.map((size) => size - entriesOf(lists)));
}

const strongestChannel = (channels: readonly Channel[]): Channel =>
  sorted(channels, ({ status }) => channelStrength[status])[0] as Channel;

function timelineOf(
  { timeline }: RemediationResult,
  results: readonly RemediationResult[],
): RemediationResult['timeline'] {
  const earliest = (times: readonly (string | null)[]) =>
    times
      .filter((time) => time !== null)
      .sort((one, other) => Date.parse(one) - Date.parse(other) || (one < other ? -1 : 1))[0] ?? null;
  return {
    eventTime: timeline.eventTime ?? first(results, (result) => result.timeline.eventTime),
    receivedAt: earliest(results.map((result) => result.timeline.receivedAt)) ?? timeline.receivedAt,
    revokedAt: earliest(results.map((result) => result.timeline.revokedAt)),
  };
}
