import type { RemediationRecord } from '../../controlplane/store/remediations.ts';
import type { Announcement } from '../../lambda/contract/announcement.ts';
import {
  type RemediationResult,
  type ResultFinding,
  remediationResultSchema,
} from '../../lambda/contract/result.ts';

/** A result as the remediation Lambda reports it. */
export const remediation = (change: Partial<RemediationResult> = {}): RemediationResult =>
  remediationResultSchema.parse({
    schemaVersion: 1,
    eventId: '68679d28-343e-d8ec-4a8c-cdd430223a5d',
    cloudTrailEventId: null,
    time: '2026-03-02T09:15:10Z',
    account: '300000000001',
    region: 'eu-west-1',
    groupId: 'sg-0a1b2c3d4e5f60001',
    groupName: 'web',
    vpcId: null,
    outcome: 'remediated',
    reason: null,
    mode: 'revoke',
    policyDigest: 'f00d',
    bundle: null,
    actor: { principal: null, session: null, sourceIp: null, userAgent: null, tool: null },
    eventName: 'AuthorizeSecurityGroupIngress',
    findings: [],
    undecided: [],
    omitted: 0,
    excepted: [],
    exceptionTag: null,
    owner: null,
    notification: {
      slack: { status: 'not-configured' },
      sns: { status: 'not-configured' },
      securityHub: { status: 'not-configured' },
    },
    timeline: { eventTime: null, receivedAt: '2026-03-02T09:15:09Z', revokedAt: null },
    ...change,
  });

/** The same as the control plane has it on record. */
export const remediationRecord = (change: Partial<RemediationResult>): RemediationRecord => {
  const result = remediation(change);
  const { eventId, account, region, outcome, groupId } = result;
  return {
    ...{ id: `${eventId}:${groupId ?? ''}`, eventId, groupId: groupId ?? '', time: new Date(result.time) },
    ...{ accountId: account, region, outcome, result },
  };
};

/** An exception that expires within a week, as the remediation Lambda announces it. */
export const announcement = (change: Partial<Announcement> = {}): Announcement => ({
  ...{ schemaVersion: 1, time: '2026-03-02T09:00:00Z', policyDigest: 'f00d', state: 'expiring' },
  ...{ name: 'games', owner: 'games@example.com', why: 'players connect from anywhere', ticket: 'SEC-1' },
  expires: '2026-03-08T00:00:00Z',
  ...change,
});

/** SSH to the world, closed, as the remediation Lambda reports it. */
export const finding = (change: Partial<ResultFinding> = {}): ResultFinding => ({
  ...{ ruleId: 'sgr-0a1b2c3d4e5f60001', protocol: 'tcp', fromPort: 22, toPort: 22, source: '0.0.0.0/0' },
  ...{ policyRule: 'admin-ports', severity: 'critical', message: null, why: '0.0.0.0/0 is public' },
  action: 'revoked',
  undo: {
    ipPermission: { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
    tags: [],
  },
  ...change,
});
