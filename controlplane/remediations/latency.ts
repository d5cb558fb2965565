import type { RemediationResult } from '../../lambda/contract/result.ts';

/** CloudTrail's time has whole seconds. Undefined when nothing was revoked or no call named the group. Pure. */
export function revokeLatencyMs({ timeline }: Pick<RemediationResult, 'timeline'>): number | undefined {
  const { eventTime, revokedAt } = timeline;
  if (eventTime === null || revokedAt === null) return undefined;
  const took = Date.parse(revokedAt) - Date.parse(eventTime);
  return Number.isNaN(took) ? undefined : Math.max(0, took);
}
