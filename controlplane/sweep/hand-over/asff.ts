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

/** `removed`: the owner deleted the rule, or the policy no longer forbids it. */
export type SweptChange = 'open' | 'excepted' | 'removed';

/** Security Hub reads the workflow status at the first import only: what ended is archived. */
const statuses = {
  open: { Compliance: { Status: 'FAILED' }, Workflow: { Status: 'NEW' }, RecordState: 'ACTIVE' },
  excepted: { Compliance: { Status: 'PASSED' }, Workflow: { Status: 'SUPPRESSED' }, RecordState: 'ARCHIVED' },
  removed: { Compliance: { Status: 'PASSED' }, Workflow: { Status: 'RESOLVED' }, RecordState: 'ARCHIVED' },
} as const satisfies Record<SweptChange, Partial<AwsSecurityFinding>>;

const endings = {
  excepted: 'An exception of the policy allows it.',
  removed: 'A sweep found that the rule was removed, or that the policy no longer forbids it.',
};

/**
 * A finding of a sweep in the AWS Security Finding Format, with the ids that the Lambda gives: an import of the same rule
 * updates one finding. Pure. Source of what an import can update: "BatchImportFindings for finding providers", AWS
 * Security Hub user guide.
 */
export function sweptFinding(
  finding: SweptFinding,
  change: SweptChange,
  { partition, now }: { readonly partition: string; readonly now: string },
): Omit<SecurityHubImport, 'attempts'> {
  const { accountId, region, groupId, ruleId, source, policyRule } = finding;
  const place = { account: accountId, region };
  const rating = {
    Severity: {
      Label: securityHubLabel(finding.severity),
      Original: text(finding.severity ?? 'not stated', 64),
    },
    Types: securityHubTypes,
  };
  const id = text(securityHubId(place, groupId, ruleId), 512);
  const does = change === 'removed' ? 'allowed' : 'allows';
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
    Description: text(change === 'open' ? finding.why : endings[change], 1_024),
    Remediation: {
      Recommendation: {
        Text:
          change === 'open'
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
    ...statuses[change],
  };
  return { accountId, region, id, finding: asff as unknown as SecurityHubImport['finding'] };
}
