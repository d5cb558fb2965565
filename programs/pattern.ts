/**
 * The calls that may open ingress. The pattern names event source and event names, and never a CIDR: the flat request
 * form has an empty `ipPermissions`, an edit has none, and every literal is a way to miss an event. The Lambda
 * evaluates. `portcullis.canary` is the control plane's own source, which verifies a cell where it may create no group
 * (docs/verify.md); the hub separates the two. The calls that make IPAM's prefix list resolvers write are included, and
 * the schedule inspects what they write later. Tag changes only of security groups: they show who requested an
 * exception, and accounts tag a lot.
 */
export const ingressPattern = {
  source: ['aws.ec2', 'portcullis.canary'],
  'detail-type': ['AWS API Call via CloudTrail'],
  detail: {
    eventSource: ['ec2.amazonaws.com'],
    $or: [
      {
        eventName: [
          'AuthorizeSecurityGroupIngress',
          'ModifySecurityGroupRules',
          'ModifyManagedPrefixList',
          'RestoreManagedPrefixListVersion',
          'CreateIpamPrefixListResolverTarget',
          'ModifyIpamPrefixListResolverTarget',
          'ModifyIpamPrefixListResolver',
          'CreateSecurityGroup',
        ],
      },
      {
        eventName: ['CreateTags', 'DeleteTags'],
        requestParameters: { resourcesSet: { items: { resourceId: [{ prefix: 'sg-' }] } } },
      },
    ],
  },
};

/** The hub's part of the ingress pattern: events of AWS, which no member account can send. */
export const callPattern = { ...ingressPattern, source: ['aws.ec2'] };

/** The other part: synthetic canaries, which any member account can send in any number. */
export const canaryPattern = { ...ingressPattern, source: ['portcullis.canary'] };

/**
 * Changes of the organization: accounts created, joined, moved, closed or departed (AWS Organizations, only in its own
 * Region, us-east-1 in `aws`, of the management account), Control Tower's account factory (its home Region), and Region
 * opt-in (AWS Account Management, us-east-1 of the account).
 */
export const lifecyclePattern = { source: ['aws.organizations', 'aws.controltower', 'aws.account'] };

/**
 * The remediation Lambda's own events: results, and exceptions that end soon. EventBridge sets `account` to the
 * sender's account. The org bus accepts events of the whole organization, and this limits the audit log to the hub's.
 */
export const resultsPattern = (hubAccountId: string) => ({
  source: ['portcullis'],
  'detail-type': ['Portcullis Remediation', 'Portcullis Exception'],
  account: [hubAccountId],
});
