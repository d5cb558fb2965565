import type { PlacedFinding, SweepResult } from '../../../../../controlplane/sweep/standalone/result.ts';

const place = { accountId: '111111111111', accountName: 'shop', region: 'eu-west-1' };

export const finding = (more: Partial<PlacedFinding> = {}): PlacedFinding => ({
  ...place,
  ...{ groupId: 'sg-1', groupName: 'web', vpcId: 'vpc-1', ingress: 'tcp 22 22 0.0.0.0/0', ruleId: 'sgr-1' },
  ...{ protocol: 'tcp', fromPort: 22, toPort: 22, source: '0.0.0.0/0', policyRule: 'admin-ports' },
  ...{ severity: 'critical', mode: 'revoke', why: '0.0.0.0/0 is public', exceptions: [] },
  exposure: { level: 'reachable', why: '52.0.0.1 on eni-1', addresses: ['52.0.0.1'] },
  owner: { by: 'group-tag', tag: 'Owner', value: 'team-web' },
  openedBy: { principal: 'arn:eve', eventId: 'e', eventTime: '2026-11-01T00:00:00.000Z' },
  ...more,
});

export const result = (more: Partial<SweepResult> = {}): SweepResult => ({
  ...{ startedAt: '2026-11-02T10:00:00.000Z', endedAt: '2026-11-02T10:01:00.000Z' },
  ...{ organizationId: 'o-1', policyDigest: 'abcdef0123456789', accounts: 2, inactiveAccounts: 0 },
  ...{ cells: 4, groups: 9, findings: [], undecided: [], notChecked: [], notes: [] },
  ...more,
});

/** One of everything: a finding, an excepted one, one in doubt, a cell and an account that were not checked. */
export const full = (): SweepResult =>
  result({
    findings: [
      finding(),
      finding({ groupId: 'sg-2', exceptions: [{ name: 'bastion', expires: null }], severity: null }),
    ],
    undecided: [
      { ...place, groupId: 'sg-3', ruleId: 'sgr-3', ingress: 'tcp 22 22 pl-1', reason: 'pl-1 was not read' },
    ],
    notChecked: [
      { ...place, region: 'us-east-1', reason: 'UnauthorizedOperation: no' },
      { accountId: '222222222222', accountName: 'payments', region: null, reason: 'the role is missing' },
    ],
    notes: [{ ...place, note: 'who opened the rules could not be read: no' }],
  });
