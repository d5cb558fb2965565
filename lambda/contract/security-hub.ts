import type { Place } from './canary.ts';

/** https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html#Types */
export const securityHubTypes = [
  'Software and Configuration Checks/AWS Security Best Practices/Network Reachability',
];

/** The finding id of a security group rule: each inspection of the rule updates the same finding. */
export const securityHubId = ({ account, region }: Place, groupId: string, ruleId: string): string =>
  `${region}/${account}/${groupId}/${ruleId}`;

/** The account's own product: a custom integration. */
export const securityHubProduct = (partition: string, { account, region }: Place): string =>
  `arn:${partition}:securityhub:${region}:${account}:product/${account}/default`;

export const securityHubGenerator = (policyRule: string): string => `portcullis/${policyRule}`;

export type SecurityHubLabel = 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL';

const labels: Readonly<Record<string, SecurityHubLabel>> = {
  ...{ low: 'LOW', medium: 'MEDIUM', high: 'HIGH', critical: 'CRITICAL' },
};

export const securityHubLabel = (severity: string | null): SecurityHubLabel =>
  labels[severity ?? ''] ?? 'MEDIUM';
