import type { CellReading, ObservedFinding } from '../../controlplane/store/findings/finding.ts';
import { ingressKey } from '../../lambda/policy/rule.ts';

/** SSH to the world in a group that a public instance uses, as a sweep reads it. */
export function observed(change: Partial<ObservedFinding> = {}): ObservedFinding {
  const { protocol = 'tcp', fromPort = 22, toPort = 22, source = '0.0.0.0/0' } = change;
  return {
    ...{ groupId: 'sg-0a1b2c3d4e5f60001', groupName: 'web', vpcId: 'vpc-1' },
    ingress: ingressKey({ protocol, fromPort, toPort, source: { text: source } }),
    ...{ ruleId: 'sgr-0a1b2c3d4e5f60001', protocol, fromPort, toPort, source },
    ...{ policyRule: 'admin-ports', severity: 'critical', mode: 'revoke', why: '0.0.0.0/0 is public' },
    exceptions: [],
    exposure: { level: 'reachable', why: 'a public address', addresses: ['203.0.113.7'] },
    ...{ owner: null, openedBy: null },
    ...change,
  };
}

export const cell = { accountId: '300000000001', region: 'eu-west-1' } as const;

/** A complete reading of the cell. `second` counts from 2026-03-02T09:00:00Z. */
export const reading = (
  second: number,
  findings: readonly ObservedFinding[],
  change: Partial<CellReading> = {},
): CellReading => ({
  ...{ ...cell, sweepId: `sweep-${second}`, readAt: new Date(Date.UTC(2026, 2, 2, 9, 0, second)) },
  ...{ policyDigest: 'f00d', groups: 40, findings, undecided: [] },
  ...change,
});
