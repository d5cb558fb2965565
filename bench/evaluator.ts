import { readFile } from 'node:fs/promises';
import { evaluate } from '../lambda/policy/evaluate.ts';
import { type Policy, parsePolicy } from '../lambda/policy/parse.ts';
import type { SecurityGroupRule } from '../lambda/policy/security-group.ts';
import { type Figures, median, percentile } from './figures.ts';
import { event, instantWorld } from './instant-cloud.ts';
import { groups, largePolicy, type Sample, situation } from './policy-sample.ts';

interface Options {
  readonly quick: boolean;
  readonly progress: (line: string) => void;
}

/** Milliseconds of processor time, of all threads of this process: other programs on the machine add nothing. */
function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** The median of several passes, after one that is not counted. */
function passes(times: number, work: () => void): number {
  work();
  return median(Array.from({ length: times }, () => processorTime(work)));
}

/** Judges every group once. @throws where not every rule got a verdict, or not one was found against the policy */
function evaluateAll(policy: Policy, samples: readonly Sample[], violations: boolean): void {
  let found = 0;
  for (const { group, rules } of samples) {
    const verdicts = evaluate(policy, group, rules, situation);
    if (verdicts.length !== rules.length) throw new Error(`${group.id}: rules without a verdict`);
    found += verdicts.filter(({ verdict }) => verdict === 'violation').length;
  }
  if (found > 0 !== violations) throw new Error(`${found} violations: the sample is not what it was`);
}

/** A group of a thousand rules on as many overlapping port ranges, together just too wide: all sets are formed. */
function hostileGroup(size: number): Sample {
  const group = { id: 'sg-hostile', name: 'hostile', vpcId: null, tags: {} };
  const rules = Array.from({ length: size }, (_, at): SecurityGroupRule => {
    const text = `${11 + ((at >> 3) % 80)}.${(at * 32) % 256}.0.0/${12 + (at % 20)}`;
    const ports = { fromPort: 1 + at * 20, toPort: 40_000 + at * 20 };
    const base = { id: `sgr-${at}`, groupId: group.id, egress: false, protocol: 'tcp' };
    return { ...base, ...ports, source: { kind: 'cidr', text } };
  });
  return { group, rules };
}

function measurePolicies(own: Policy, figures: Figures, { quick, progress }: Options): void {
  const [policyRules, groupRules, times] = quick ? [100, 1_000, 2] : [1_000, 10_000, 3];
  const samples = groups(groupRules, 60);
  const texts = samples.map(({ rules }) => JSON.stringify(rules));
  const large = largePolicy(policyRules);
  const hostile = hostileGroup(quick ? 100 : 1_000);
  progress(`${groupRules} group rules by the default policy and by one of ${policyRules} rules …`);
  const parsing = passes(times, () => {
    for (const text of texts) JSON.parse(text);
  });
  const byDefault = passes(times, () => evaluateAll(own, samples, false));
  const byLarge = passes(times, () => evaluateAll(large, samples, true));
  const byHostile = passes(times, () => evaluate(own, hostile.group, hostile.rules, situation));
  const add = (what: string, value: number, unit: string) => figures.add(`evaluate, ${what}`, value, unit);
  add('default policy: group rules a second', (groupRules / byDefault) * 1e3, '1/s');
  add('default policy / JSON.parse of the rules', byDefault / parsing, 'ratio');
  add(`policy of ${policyRules} rules: group rules a second`, (groupRules / byLarge) * 1e3, '1/s');
  add(
    `policy of ${policyRules} rules: pairs of rules a second`,
    ((policyRules * groupRules) / byLarge) * 1e3,
    '1/s',
  );
  add(`policy of ${policyRules} rules: one group of 60`, byLarge / samples.length, 'ms');
  add(`policy of ${policyRules} rules / default policy`, byLarge / byDefault, 'ratio');
  add(`default policy: one hostile group of ${hostile.rules.length}`, byHostile, 'ms');
}

async function measureHandler(own: Policy, figures: Figures, { quick, progress }: Options): Promise<void> {
  const events = quick ? 200 : 2_000;
  progress(`the handler over a cloud that answers at once, ${events} events …`);
  const world = instantWorld(own);
  const took: number[] = [];
  for (let index = -100; index < events; index += 1) {
    world.open();
    const start = performance.now();
    const [result] = await world.handler(event);
    if (index >= 0) took.push(performance.now() - start);
    if (result?.outcome !== 'remediated') throw new Error(`an event resulted in ${result?.outcome}`);
  }
  if (world.revoked() !== events + 100) throw new Error(`${world.revoked()} rules were revoked`);
  figures.add('handler without AWS calls, median', median(took), 'ms');
  figures.add('handler without AWS calls, 99th percentile', percentile(took, 99), 'ms');
}

/** Measures the evaluator and the handler in this process: no sandbox, no network. */
export async function measureEvaluator(figures: Figures, options: Options): Promise<void> {
  const text = await readFile(new URL('../sandbox/demo/policy.yaml', import.meta.url), 'utf8');
  const own = parsePolicy(text);
  measurePolicies(own, figures, options);
  await measureHandler(own, figures, options);
}
