import type { Outcome, RemediationResult } from '../../contract/result.ts';

const titles = new Map<Outcome, string>([
  ['remediated', 'Ingress closed'],
  ['escalated', 'Recurring ingress'],
  ['notified', 'Ingress open in violation of the policy'],
  ['undecided', 'Not evaluated: inspect it'],
  ['access-denied', 'Not closed: access denied'],
  ['failed', 'Not closed: failed'],
]);

/** The title of a result, in ASCII; undefined for a result that no one is notified of. */
export function titleOf(result: RemediationResult): string | undefined {
  const { outcome, findings, exceptionTag, repeated } = result;
  if (repeated) return undefined;
  if (outcome === 'excepted')
    return exceptionTag?.samePerson ? 'Excepted by a tag of the same person' : undefined;
  const narrowed = findings.some(({ action }) => action === 'narrowed');
  const revoked = findings.some(({ action }) => action === 'revoked');
  return outcome === 'remediated' && narrowed && !revoked ? 'Ingress narrowed' : titles.get(outcome);
}

/** Results of ingress that is still open. They are folded apart from the others, and not left in a thread only. */
export function isUrgent({ outcome }: RemediationResult): boolean {
  return outcome === 'escalated' || outcome === 'failed' || outcome === 'access-denied';
}

const severities = ['low', 'medium', 'high', 'critical'];

/** The highest severity of the findings; null when no policy rule states one. */
export function gravest({ findings }: RemediationResult): string | null {
  const ranks = findings.map(({ severity }) => severities.indexOf(severity ?? ''));
  return severities[Math.max(-1, ...ranks)] ?? null;
}
