import { type Policy, policyDigest } from '../../../lambda/policy/parse.ts';
import { type EvaluatedRule, type EvaluationInput, type GroupReport, reportOf } from './evaluate.ts';
import { eventReportOf } from './event-report.ts';
import { compare, type Expectation } from './expect.ts';
import type { GroupSnapshot, Place } from './snapshot.ts';

/** What a policy is tested with. */
export interface PolicyTest {
  readonly snapshots: readonly GroupSnapshot[];
  readonly events: readonly unknown[];
  readonly expectations: readonly Expectation[] | undefined;
  readonly place: Place;
  readonly input: EvaluationInput;
}

export type TestReport = ReturnType<typeof testPolicy>;

/** What a policy does about groups and events. Pure. */
export function testPolicy(policy: Policy, { snapshots, events, expectations, place, input }: PolicyTest) {
  const evaluated = snapshots.map((snapshot) => ({ snapshot, report: reportOf(policy, snapshot, input) }));
  const groups = evaluated.map(({ report }) => report);
  return {
    policyDigest: policyDigest(policy),
    at: input.now.toISOString(),
    groups,
    events: events.map((event) => eventReportOf(policy, event, snapshots, input)),
    counts: countsOf(groups),
    /** Null if no expectations were given. */
    expected: expectations ? compare(expectations, policy, evaluated, place, input) : null,
  };
}

function countsOf(groups: readonly GroupReport[]) {
  const rules = groups.flatMap((group) => group.rules);
  const count = (verdict: EvaluatedRule['verdict']) =>
    rules.filter((each) => each.verdict === verdict).length;
  return {
    groups: groups.length,
    rules: rules.length,
    egress: groups.reduce((sum, { egress }) => sum + egress, 0),
    violation: count('violation'),
    /** The violations that the Lambda would revoke or narrow; it would only notify or record the others. */
    closed: rules.filter(({ act }) => act === 'revoke' || act === 'narrow').length,
    excepted: count('excepted'),
    undecided: count('undecided'),
    allowed: count('allowed'),
  };
}

/** `fine` if nothing is forbidden or in doubt. If expectations were given, only they count. */
export function outcomeOf({ counts, events, expected }: TestReport): 'fine' | 'forbidden' | 'unmet' {
  if (expected) return expected.mismatches.length > 0 ? 'unmet' : 'fine';
  const inDoubt = events.some(({ reading, asked }) => reading === 'undecided' || asked?.unreadable);
  const requested = events.flatMap(({ asked }) => asked?.rules ?? []);
  const isForbidden = requested.some(({ verdict }) => verdict === 'violation' || verdict === 'undecided');
  return inDoubt || isForbidden || counts.violation + counts.undecided > 0 ? 'forbidden' : 'fine';
}
