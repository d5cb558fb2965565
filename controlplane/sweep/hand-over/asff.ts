import type { AwsSecurityFinding } from '@aws-sdk/client-securityhub';
import {
  securityHubGenerator,
  securityHubId,
  securityHubLabel,
  securityHubProduct,
  securityHubTypes,
} from '../../../lambda/contract/security-hub.ts';
import { printable } from '../../settings/printable.ts';
import type { ObservedFinding } from '../../store/findings/finding.ts';
import type { SecurityHubImport } from '../../store/sweeps/hand-over.ts';

/** What Security Hub gets of a finding. */
export interface SweptFinding
  extends Pick<
    ObservedFinding,
    | 'groupId'
    | 'groupName'
    | 'protocol'
    | 'fromPort'
    | 'toPort'
    | 'source'
    | 'policyRule'
    | 'severity'
    | 'why'
  > {
  readonly accountId: string;
  readonly region: string;
  readonly ruleId: string;
  readonly firstSeen: string;
}

/** Names of groups are what others wrote. */
const text = (value: string, most: number): string =>
  printable(value.replace(/\s/g, ' ')).slice(0, most).toWellFormed();

const openingOf = ({ protocol, fromPort, toPort }: SweptFinding): string => {
  if (protocol === '-1' || fromPort === null) return protocol === '-1' ? 'all traffic' : protocol;
  return `${protocol} ${fromPort === toPort || toPort === null ? fromPort : `${fromPort}-${toPort}`}`;
};

/**
 * A finding of a sweep in the AWS Security Finding Format, with the ids that the Lambda gives: an import of the same rule
 * updates one finding. `removed`: the owner deleted the rule, or the policy no longer forbids it, so the finding is passed
 * and archived. Pure.
 */
export function sweptFinding(
  finding: SweptFinding,
  change: 'open' | 'removed',
  { partition, now }: { readonly partition: string; readonly now: string },
): Omit<SecurityHubImport, 'attempts'> {
  const { accountId, region, groupId, ruleId, source, policyRule } = finding;
  const place = { account: accountId, region };
  const isOpen = change === 'open';
  const rating = {
    Severity: {
      Label: securityHubLabel(finding.severity),
      Original: text(finding.severity ?? 'not stated', 64),
    },
    Types: securityHubTypes,
  };
  const id = text(securityHubId(place, groupId, ruleId), 512);
  const does = isOpen ? 'allows' : 'allowed';
  const asff: AwsSecurityFinding = {
    SchemaVersion: '2018-10-08',
    Id: id,
    ProductArn: securityHubProduct(partition, place),
    ...{ ProductName: 'Portcullis', CompanyName: 'Portcullis' },
    GeneratorId: text(securityHubGenerator(policyRule), 512),
    AwsAccountId: accountId,
    ...rating,
    FindingProviderFields: rating,
    ...{ CreatedAt: finding.firstSeen, FirstObservedAt: finding.firstSeen },
    ...{ LastObservedAt: now, UpdatedAt: now },
    Title: text(
      `Security group ${groupId} ${does} ${openingOf(finding)} from ${source}, which ${policyRule} forbids`,
      256,
    ),
    Description: text(
      isOpen
        ? finding.why
        : 'A sweep found that the rule was removed, or that the policy no longer forbids it.',
      1_024,
    ),
    Remediation: {
      Recommendation: {
        Text: isOpen
          ? text(
              `Revoke ${ruleId}, or propose an exception in the policy with owner, why, ticket and expiry.`,
              512,
            )
          : 'No action is needed.',
      },
    },
    ProductFields: {
      ...{ 'portcullis/PolicyRule': text(policyRule, 2_048), 'portcullis/SecurityGroupRule': ruleId },
      'portcullis/FoundBy': 'sweep',
    },
    Resources: [
      {
        Type: 'AwsEc2SecurityGroup',
        Id: `arn:${partition}:ec2:${region}:${accountId}:security-group/${groupId}`,
        Region: region,
        Details: {
          AwsEc2SecurityGroup: {
            ...{ GroupId: groupId, OwnerId: accountId },
            ...(finding.groupName && { GroupName: text(finding.groupName, 255) }),
          },
        },
      },
    ],
    Compliance: { Status: isOpen ? 'FAILED' : 'PASSED' },
    Workflow: { Status: isOpen ? 'NEW' : 'RESOLVED' },
    RecordState: isOpen ? 'ACTIVE' : 'ARCHIVED',
  };
  return { accountId, region, id, finding: asff as unknown as SecurityHubImport['finding'] };
}
