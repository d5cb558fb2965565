import type { RolloutPlan } from '../settings/rollout.ts';
import { excess } from '../stacks/failure-limit.ts';
import { hubWave, type RunStackState, type WaveCount } from '../store/run-stacks.ts';

export type NextStep =
  | { readonly do: 'admit'; readonly wave: number; readonly most: number }
  | { readonly do: 'idle' }
  | { readonly do: 'pause'; readonly message: string }
  | { readonly do: 'finish'; readonly failed: number };

/** Without a limit in the plan: enough for any worker, few enough to stop soon. */
const defaultParallel = 64;

const ended: ReadonlySet<RunStackState> = new Set([
  'succeeded',
  'unchanged',
  'failed',
  'unreachable',
  'skipped',
]);
/** Percentages apply to these; other states say nothing about the change that is rolled out. */
const tried: ReadonlySet<RunStackState> = new Set(['succeeded', 'unchanged', 'failed']);

/** The next step of a roll-out, from the number of stacks in each state. Waves run in order. Pure. */
export function nextStep(counts: readonly WaveCount[], plan: RolloutPlan): NextStep {
  const total = (test: (count: WaveCount) => boolean) =>
    counts.filter(test).reduce((sum, { count }) => sum + count, 0);
  const waves = [...new Set(counts.map(({ wave }) => wave))].sort((a, b) => a - b);
  const current = waves.find((wave) => total((each) => each.wave === wave && !ended.has(each.state)) > 0);
  const stop = waves
    // The hub is no canary: what its failure means for accounts is decided apart from any limit.
    .filter((wave) => wave > hubWave && wave <= (current ?? Number.POSITIVE_INFINITY))
    .map((wave) => tooMany(wave, counts, plan, wave !== current))
    .find((message) => message !== undefined);
  if (stop && current !== undefined) return { do: 'pause', message: stop };
  if (current === undefined) return { do: 'finish', failed: total(({ state }) => state === 'failed') };
  const underWay = total(({ state }) => state === 'admitted' || state === 'running');
  const pending = total(({ wave, state }) => wave === current && state === 'pending');
  const most = Math.min(pending, (plan.parallel ?? defaultParallel) - underWay);
  return most > 0 ? { do: 'admit', wave: current, most } : { do: 'idle' };
}

/** Why a wave has failed too much, or undefined. */
function tooMany(
  wave: number,
  counts: readonly WaveCount[],
  plan: RolloutPlan,
  over: boolean,
): string | undefined {
  // The person who resumed the run has seen earlier failures.
  const here = counts.filter((each) => each.wave === wave && each.recent);
  const sum = (test: (state: RunStackState) => boolean) =>
    here.filter(({ state }) => test(state)).reduce((all, { count }) => all + count, 0);
  const outcome = { failed: sum((state) => state === 'failed'), ended: sum((state) => tried.has(state)) };
  return excess(outcome, plan, `in wave ${wave}`, over);
}
