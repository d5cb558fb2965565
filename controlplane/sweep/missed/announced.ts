import type { RemediationResult } from '../../../lambda/contract/result.ts';
import { isOfSweep } from '../../../lambda/contract/sweep.ts';
import { ingressKey } from '../../../lambda/policy/rule.ts';
import type { MissedEvent } from '../../store/sweeps/missed-events.ts';

/** Outcomes of an event that arrived and after which nothing is known of the group's rules. */
const uncertain = new Set(['failed', 'access-denied', 'undecided', 'group-gone', 'rule-gone']);

/**
 * Whether a result of the group is of the event that opened the ingress: it names the call, it lists the ingress, or it
 * could not read the group. The result of a group that a sweep handed over is of no event. Pure.
 */
export function announces(
  { ingress, openedBy }: Pick<MissedEvent, 'ingress' | 'openedBy'>,
  result: RemediationResult,
): boolean {
  if (isOfSweep(result)) return false;
  if (openedBy && result.cloudTrailEventId === openedBy.eventId) return true;
  if (result.omitted > 0 || result.parts !== undefined || result.undecided.length > 0) return true;
  if (uncertain.has(result.outcome)) return true;
  return result.findings.some(
    ({ protocol, fromPort, toPort, source }) =>
      ingressKey({ protocol, fromPort, toPort, source: { text: source } }) === ingress,
  );
}
