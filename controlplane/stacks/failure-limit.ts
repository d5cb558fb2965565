import type { RolloutPlan } from '../settings/rollout.ts';

/** A percentage of fewer stacks is meaningless. */
const leastForShare = 5;

/** Why too many stacks failed, or undefined. `over`: no more of them will end. Pure. */
export function excess(
  { failed, ended: done }: { readonly failed: number; readonly ended: number },
  { maxFailures, maxFailurePercent }: RolloutPlan,
  where: string,
  over: boolean,
): string | undefined {
  if (maxFailures !== undefined && failed > maxFailures) {
    return `${failed} stacks failed ${where}, more than the ${maxFailures} allowed`;
  }
  if (maxFailurePercent === undefined || failed === 0 || (done < leastForShare && !over)) return undefined;
  const share = (100 * failed) / done;
  return share > maxFailurePercent
    ? `${failed} of ${done} stacks failed ${where}, more than the ${maxFailurePercent} % allowed`
    : undefined;
}
