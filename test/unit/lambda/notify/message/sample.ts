import { remediation, finding as sample } from '../../../../worlds/remediation-sample.ts';

/** A result that people are notified of: SSH from the world, opened by hand and closed. */
export const finding = sample({
  ruleId: 'sgr-00000000000000001',
  message: 'Use Session Manager.',
  why: '0.0.0.0/0 is public and wider than /24, and tcp 22 is among its ports',
});

export const closed = remediation({
  vpcId: 'vpc-1',
  policyDigest: 'f00df00df00df00d',
  owner: { tag: 'Owner', value: 'payments@example.com' },
  actor: {
    principal: 'arn:aws:sts::300000000001:assumed-role/Developer/alice@example.com',
    session: 'alice@example.com',
    sourceIp: '192.0.2.44',
    userAgent: 'aws-cli/2.31.0',
    tool: 'aws-cli',
  },
  findings: [finding],
  timeline: {
    eventTime: '2026-03-02T09:15:01Z',
    receivedAt: '2026-03-02T09:15:09Z',
    revokedAt: '2026-03-02T09:15:10.000Z',
  },
});
