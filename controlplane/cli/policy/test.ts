import { type Policy, policyDigest } from '../../../lambda/policy/parse.ts';
import type { EvaluationInput, GroupSnapshot } from './evaluate.ts';
import { type EventReport, eventReportOf } from './event-report.ts';
import { compare, type Expectation, type Expected } from './expect.ts';
import type { Place } from './groups.ts';
import { type Counts, countsOf, type GroupReport, reportOf } from './report.ts';

/** What a policy is tried on. */
export interface PolicyTest {
  readonly snapshots: readonly GroupSnapshot[];
  readonly events: readonly unknown[];
  readonly expectations: readonly Expectation[] | undefined;
  readonly place: Place;
  readonly input: EvaluationInput;
}

export interface TestReport {
  readonly policyDigest: string;
  readonly at: string;
  readonly groups: readonly GroupReport[];
  readonly events: readonly EventReport[];
  readonly counts: Counts;
  /** Null where none were given. */
  readonly expected: Expected | null;
}

/** What a policy makes of groups and events. Pure. */
export function testPolicy(policy: Policy, trial: PolicyTest): TestReport {
  const { snapshots, events, expectations, place, input } = trial;
  const evaluated = snapshots.map((snapshot) => ({ snapshot, report: reportOf(policy, snapshot, input) }));
  const groups = evaluated.map(({ report }) => report);
  return {
    policyDigest: policyDigest(policy),
    at: input.now.toISOString(),
    groups,
    events: events.map((event) => eventReportOf(policy, event, snapshots, input)),
    counts: countsOf(groups),
    expected: expectations ? compare(expectations, policy, evaluated, place, input) : null,
  };
}

/** `fine` where nothing is forbidden or in doubt. Where expectations were given, they alone count. */
export function outcomeOf({ counts, events, expected }: TestReport): 'fine' | 'forbidden' | 'unmet' {
  if (expected) return expected.mismatches.length > 0 ? 'unmet' : 'fine';
  const asked = events.flatMap((event) => event.asked?.rules ?? []);
  const forbidden = counts.violation > 0 || asked.some(({ verdict }) => verdict === 'violation');
  const doubt =
    counts.undecided > 0 ||
    events.some((event) => event.reading === 'undecided' || (event.asked?.unreadable ?? 0) > 0) ||
    asked.some(({ verdict }) => verdict === 'undecided');
  return forbidden || doubt ? 'forbidden' : 'fine';
}
