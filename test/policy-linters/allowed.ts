/** What a linter found in a policy: the kind of finding, and the action or sentence that it is about. */
export interface Finding {
  readonly policy: string;
  readonly linter: 'parliament' | 'policy_sentry';
  readonly finding: string;
  readonly about: string;
}

interface Allowed {
  readonly policy: RegExp;
  readonly finding: RegExp;
  readonly about: RegExp;
  /** Why the finding is accepted. */
  readonly reason: string;
}

const everyResource = /^(RESOURCE_STAR|COULD_NAME_A_RESOURCE)$/;

/** The findings that are accepted. One that no linter finds any more is an error too. */
export const allowed: readonly Allowed[] = [
  {
    policy: /^(control-plane|deployer)-policy\.json$/,
    finding: everyResource,
    about: /^cloudtrail:Get(EventSelectors|TrailStatus)$/,
    reason: 'The trail check reads every trail of an account, and its name is not ours to know.',
  },
  {
    policy: /^(control-plane|sweep)-policy\.json$/,
    finding: everyResource,
    about: /^organizations:/,
    reason: 'The whole organization is read, and its id is not known when the policy is written.',
  },
  {
    policy: /^deployer-hub-policy\.json$/,
    finding: everyResource,
    about: /^lambda:(Delete|Update)EventSourceMapping$/,
    reason: 'AWS makes up the id of a mapping. The condition on lambda:FunctionArn names the one function.',
  },
  {
    policy: /^deployer-hub-policy\.json$/,
    finding: everyResource,
    about: /^(lambda:GetEventSourceMapping|cloudwatch:DescribeAlarms)$/,
    reason:
      'Reads: the first has an id that AWS makes up, and the provider lists alarms before it knows one.',
  },
  {
    policy: /^deployer-trails-policy\.json$/,
    finding: /^RESOURCE_POLICY_PRIVILEGE_ESCALATION$/,
    about: /portcullis-trail-\* due to s3:(DeleteObject|GetObject|PutObject) not being allowed/,
    reason:
      'A principal that may write the policy of the log bucket can admit itself. docs/security.md says to protect the access role as an administrator.',
  },
  {
    policy: /^verify-policy\.json$/,
    finding: /^RESOURCE_MISMATCH$/,
    about: /^ec2:CreateSecurityGroup$/,
    reason:
      'The group and its VPC are in two statements, because the tag condition holds for the group alone. The sandbox proves both.',
  },
  {
    policy: /^remediation role$/,
    finding: /^UNKNOWN_ACTION$/,
    about: /ec2:DescribeIpamPrefixListResolverTargets$/,
    reason: "parliament's data is of 2025 and lacks the action; policy_sentry's has it.",
  },
  {
    policy: /^remediation role$/,
    finding: everyResource,
    about: /^ec2:GetManagedPrefixList(Associations|Entries)$/,
    reason: 'A prefix list that a group names may belong to another account.',
  },
];

const accepts = (entry: Allowed, { policy, finding, about }: Finding) =>
  entry.policy.test(policy) && entry.finding.test(finding) && entry.about.test(about);

/** The findings that nothing accepts, and the entries of the list that accept nothing. Pure. */
export function judge(findings: readonly Finding[], list: readonly Allowed[] = allowed) {
  return {
    refused: findings.filter((finding) => !list.some((entry) => accepts(entry, finding))),
    unused: list.filter((entry) => !findings.some((finding) => accepts(entry, finding))),
  };
}
