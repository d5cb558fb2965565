/** Where a number comes from; only `measured` ones are facts about this code, and only `guide` ones are AWS's. */
export type Origin = 'assumed' | 'measured' | 'code' | 'guide';

interface Given {
  readonly value: number;
  readonly unit: string;
  readonly origin: Origin;
  readonly note: string;
}

const assumed = (value: number, unit: string, note = ''): Given => ({ value, unit, origin: 'assumed', note });
const code = (value: number, unit: string, note: string): Given => ({ value, unit, origin: 'code', note });
const guide = (value: number, unit: string): Given => ({
  value,
  unit,
  origin: 'guide',
  note: 'the ASR cost page counts so',
});

/** What the arithmetic starts from, beside the number of accounts and the rate of events. */
export const givens = {
  regions: assumed(17, 'Regions an account', 'as many as an AWS account has enabled at its start'),
  days: code(365 / 12, 'days a month', 'a year has 365'),
  hours: code(730, 'hours a month', 'a year has 8,760'),
  turns: code(43_800, 'runs of the schedule a month', 'one a minute'),
  turnSeconds: assumed(0.1, 'seconds a run of the schedule', 'warm, with nothing due'),
  readsPerTurn: code(18, 'read units a run of the schedule', 'so many items at most, each small'),
  logGigabytesPerTurn: assumed(1e-6, 'GB a run of the schedule', 'a line of ours and those of Lambda itself'),
  violationShare: assumed(0.02, 'violations an event', 'one in fifty events opens what the policy forbids'),
  resultsPerEvent: assumed(1.1, 'results an event', 'one for each group; an edited prefix list has many'),
  eventGigabytes: {
    ...assumed(4e-6, 'GB an event'),
    origin: 'measured',
    note: 'twice the median of the fixtures; an event above 64 KB would count as several',
  },
  lambdaSeconds: assumed(
    0.63,
    'seconds an invocation',
    'about ten times what [bench.md](bench.md) has inside the function: AWS is further away, some starts are cold, and 512 MB are 0.3 of a processor',
  ),
  lambdaGigabytes: code(0.5, 'GB', 'memory of the function'),
  logGigabytes: {
    ...assumed(4e-6, 'GB an event'),
    origin: 'measured',
    note: 'the log of a violation, with room for the lines of Lambda itself',
  },
  keptMonths: code(3, 'months', 'log retention is 90 days by default; the ledger is taken to keep as long'),
  writesPerEvent: assumed(1, 'write units an event', 'with an exception tag in the policy; none without'),
  readsPerEvent: code(1, 'read units an event', 'what an earlier attempt set out to do'),
  writesPerViolation: {
    ...assumed(6, 'write units a violation'),
    origin: 'measured',
    note: 'four or five writes, one of which may exceed 1 KB',
  },
  readsPerViolation: {
    ...assumed(2, 'read units a violation'),
    origin: 'measured',
    note: 'one or two reads more',
  },
  ledgerGigabytes: assumed(6e-6, 'GB a violation', 'as many entries of 1 KB'),
  queueRequestsPerResult: code(2, 'requests a result', 'EventBridge sends it, the control plane deletes it'),
  queueReceives: code(2 * (730 * 360), 'receives a month', 'two queues, each asked every 10 seconds'),
  mappingReceives: assumed(
    5 * (730 * 180),
    'receives a month',
    'the canary queue: Lambda keeps about five polls of 20 seconds open',
  ),
  alarms: code(4, 'alarms', 'dead letters, and errors, throttles and waiting events of the function'),
  secrets: code(1, 'secrets', 'the Slack webhook'),
  secretReads: assumed(8760, 'calls a month', 'every five minutes, by one warm environment'),
  hubStacks: code(1, 'stacks', 'the hub'),
  stateGigabytes: assumed(500e-6, 'GB a stack', 'ten versions of 50 KB'),
  stateWrites: assumed(80, 'writes a stack', 'four operations a month of 20 writes'),
  diskGigabytes: assumed(20, 'GB', 'database and work files'),
  policies: assumed(1, 'policies', 'one content audit policy'),
  relatedItemsPerDay: assumed(
    50,
    'items an account and day',
    'network interfaces and instances, which that policy needs recorded: autoscaling makes far more',
  ),
  configRules: assumed(3, 'rules', 'SSH, common ports, only authorized ports'),
  firewallRules: assumed(1, 'rules', 'one for the policy'),
  securityControls: assumed(2, 'controls', 'EC2.18 and EC2.19, all others off'),
  automationSteps: guide(4, 'steps a remediation'),
  scriptSeconds: guide(10, 'seconds a remediation'),
  findingsPerCell: guide(500, 'findings a cell'),
  requestsPerRemediation: guide(7, 'requests a remediation'),
  transitions: guide(19, 'transitions a remediation'),
  remediationGbSeconds: guide(2, 'GB-seconds a remediation'),
  findingGbSeconds: guide(0.2245, 'GB-seconds a finding'),
  keyRequestsPerRemediation: guide(0.6, 'requests a remediation'),
  keyRequestsPerFinding: guide(1.2, 'requests a finding'),
  guideTableGigabytes: guide(0.025, 'GB a cell'),
  guideMetrics: guide(7, 'metrics'),
  guideDashboards: guide(1, 'dashboards'),
  guideAlarms: guide(4, 'alarms'),
} as const satisfies Record<string, Given>;

/** Events that match the pattern, for each account and day, all of its Regions together. An assumption: no source publishes it. */
export const rates = { low: 5, medium: 50, high: 500 } as const;
export const sizes = [10, 100, 1_000] as const;
/** What an account and Region may import into Security Hub in a month before it costs. */
const freeFindings = 10_000;
/** Up to so many accounts the control plane fits a small machine; assumed. */
const smallMachineUpTo = 100;

export type Rate = keyof typeof rates;
type GivenName = keyof typeof givens;
type DerivedName = ReturnType<typeof derive> extends Record<infer Name, number> ? Name : never;
export type QuantityName = GivenName | DerivedName;
export type Quantities = Readonly<Record<QuantityName, number>>;

function derive(given: Record<GivenName, number>, accounts: number, eventsPerDay: number) {
  const cells = accounts * given.regions;
  const events = accounts * eventsPerDay * given.days;
  const violations = events * given.violationShare;
  const small = accounts <= smallMachineUpTo;
  return {
    accounts,
    cells,
    events,
    violations,
    results: events * given.resultsPerEvent,
    findings: cells * given.findingsPerCell,
    findingsOverFree: Math.max(0, violations - cells * freeFindings),
    otherRegions: (given.regions - 1) / given.regions,
    stacks: given.hubStacks + accounts + cells,
    smallMachineHours: small ? given.hours : 0,
    largeMachineHours: small ? 0 : given.hours,
  };
}

/** Every quantity of an organization of so many accounts, a month, at so many events for each account and day. */
export function quantitiesOf(
  accounts: number,
  eventsPerDay: number,
  changes: Partial<Record<GivenName, number>> = {},
): Quantities {
  const values = Object.fromEntries(Object.entries(givens).map(([name, { value }]) => [name, value]));
  const given = { ...(values as Record<GivenName, number>), ...changes };
  return { ...given, ...derive(given, accounts, eventsPerDay) };
}
