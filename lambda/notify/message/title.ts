import type { Outcome, RemediationResult } from '../../contract/result.ts';

const titles = new Map<Outcome, string>([
  ['remediated', 'Ingress closed'],
  ['escalated', 'Ingress that keeps coming back'],
  ['notified', 'Ingress open against the policy'],
  ['undecided', 'Not judged: please look'],
  ['access-denied', 'Not closed: access denied'],
  ['failed', 'Not closed: failed'],
]);

/** What a result is called to people, in ASCII; undefined for one that nobody need hear of. */
export function titleOf(result: RemediationResult): string | undefined {
  const { outcome, findings, exceptionTag, repeated } = result;
  if (repeated) return undefined;
  if (outcome === 'excepted')
    return exceptionTag?.samePerson ? 'Excepted by a tag of the same person' : undefined;
  const narrowed = findings.some(({ action }) => action === 'narrowed');
  const revoked = findings.some(({ action }) => action === 'revoked');
  return outcome === 'remediated' && narrowed && !revoked ? 'Ingress narrowed' : titles.get(outcome);
}

/** What people must not miss, so it is neither folded nor left in a thread alone. */
export function isUrgent({ outcome }: RemediationResult): boolean {
  return outcome === 'escalated' || outcome === 'failed';
}

const severities = ['low', 'medium', 'high', 'critical'];

/** The gravest severity among the findings; null where no policy rule states one. */
export function gravest({ findings }: RemediationResult): string | null {
  const ranks = findings.map(({ severity }) => severities.indexOf(severity ?? ''));
  return severities[Math.max(-1, ...ranks)] ?? null;
}
