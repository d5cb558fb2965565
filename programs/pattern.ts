/**
 * What may open ingress. The pattern names event source and event names only, never a CIDR: the flat request form
 * has an empty `ipPermissions`, an edit has neither, and every literal is a way to miss one. The Lambda judges.
 * `portcullis.canary` is the control plane's own, which verifies a cell where it may make no group (docs/verify.md); in the
 * hub these two go apart.
 * IPAM's prefix list resolvers write to prefix lists: what makes them do so comes through, and the schedule inspects
 * what they write later.
 * Of tag changes only those of security groups: they tell who asked for an exception, and every account tags a lot.
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

/** The hub's part of the ingress pattern: what AWS tells, which no member can send. */
export const callPattern = { ...ingressPattern, source: ['aws.ec2'] };

/** The other part: synthetic canaries, which any member can send as many of as it likes. */
export const canaryPattern = { ...ingressPattern, source: ['portcullis.canary'] };

/**
 * What changes the organization: accounts created, joined, moved, closed or departed (AWS Organizations, only in
 * its own Region, us-east-1 in `aws`, of the management account), Control Tower's account factory (its home Region),
 * and Region opt-in (AWS Account Management, us-east-1 of the account itself).
 */
export const lifecyclePattern = { source: ['aws.organizations', 'aws.controltower', 'aws.account'] };

/**
 * The remediation Lambda's own events: results, and exceptions that will end. EventBridge sets `account` to the
 * sender's: the org bus admits the whole organization, and no other account may write into the audit log.
 */
export const resultsPattern = (hubAccountId: string) => ({
  source: ['portcullis'],
  'detail-type': ['Portcullis Remediation', 'Portcullis Exception'],
  account: [hubAccountId],
});
