import type { AwsSecurityFinding, Partition, Resource } from '@aws-sdk/client-securityhub';
import type { Action, RemediationResult, ResultFinding } from '../../contract/result.ts';
import {
  securityHubGenerator,
  securityHubId,
  securityHubLabel,
  securityHubProduct,
  securityHubTypes,
} from '../../contract/security-hub.ts';
import { openingOf } from '../message/finding.ts';
import { cut, plain } from '../message/text.ts';

/** The partitions that a finding may name, which are fewer than those that Portcullis runs in. */
const partitions: readonly string[] = ['aws', 'aws-cn', 'aws-us-gov'] satisfies Partition[];

const closingLabels: readonly Action[] = ['revoked', 'narrowed', 'already-gone'];

/**
 * The result as findings in the AWS Security Finding Format, one for each security group rule, under this account's own
 * product (a custom integration). An open rule is FAILED and active; a deleted one is PASSED and archived, because its
 * id is never reused. Severity and types are given as provider fields, so that what a person sets stays. Security Hub
 * reads the workflow status at the first import only.
 */
export function toAsff(result: RemediationResult, partition: string): AwsSecurityFinding[] {
  return result.findings.map((finding) => asff(result, finding, partition));
}

function asff(result: RemediationResult, finding: ResultFinding, partition: string): AwsSecurityFinding {
  const { account, groupId, timeline } = result;
  const closed = closingLabels.includes(finding.action);
  const seen = instant(timeline.eventTime) ?? timeline.receivedAt;
  const opening = `${openingOf(finding)} from ${finding.source}`;
  const rating = {
    Severity: {
      Label: securityHubLabel(finding.severity),
      Original: text(finding.severity ?? '', 64) || 'not stated',
    },
    Types: securityHubTypes,
  };
  return {
    SchemaVersion: '2018-10-08',
    Id: text(securityHubId(result, groupId ?? '', finding.ruleId), 512),
    ProductArn: securityHubProduct(partition, result),
    ProductName: 'Portcullis',
    CompanyName: 'Portcullis',
    GeneratorId: text(securityHubGenerator(finding.policyRule), 512),
    AwsAccountId: account,
    ...rating,
    FindingProviderFields: rating,
    CreatedAt: seen,
    FirstObservedAt: seen,
    LastObservedAt: result.time,
    UpdatedAt: result.time,
    Title: text(`Security group ${groupId} allows ${opening}, which ${finding.policyRule} forbids`, 256),
    Description: text(
      [finding.why, finding.message, finding.error].filter(Boolean).join('. ') || opening,
      1_024,
    ),
    Remediation: { Recommendation: { Text: text(recommendation(result, finding), 512) } },
    ProductFields: productFields(result, finding),
    Resources: [resource(result, partition)],
    Compliance: { Status: closed ? 'PASSED' : 'FAILED' },
    Workflow: { Status: closed ? 'RESOLVED' : 'NEW' },
    RecordState: closed ? 'ARCHIVED' : 'ACTIVE',
  };
}

function resource(result: RemediationResult, partition: string): Resource {
  const { account, region, groupId, groupName, vpcId } = result;
  const [name, vpc] = [text(groupName ?? '', 255), text(vpcId ?? '', 255)];
  return {
    Type: 'AwsEc2SecurityGroup',
    Id: `arn:${partition}:ec2:${region}:${account}:security-group/${groupId}`,
    ...(partitions.includes(partition) && { Partition: partition as Partition }),
    Region: region,
    Details: {
      AwsEc2SecurityGroup: {
        GroupId: groupId ?? undefined,
        OwnerId: account,
        ...(name && { GroupName: name }),
        ...(vpc && { VpcId: vpc }),
      },
    },
  };
}

function recommendation(
  { eventId, groupId }: RemediationResult,
  { action, ruleId, narrowed }: ResultFinding,
): string {
  const closed = `Portcullis closed it. To restore it: portcullis restore ${eventId}:${groupId}`;
  if (action === 'revoked') return closed;
  if (action === 'narrowed') return `Narrowed to ${narrowed?.to.join(', ')}. ${closed}`;
  if (action === 'already-gone') return 'The rule no longer exists. No action is needed.';
  return `Revoke ${ruleId}, or propose an exception in the policy with owner, why, ticket and expiry.`;
}

/** At most 50, with keys of 128 and values of 2,048 characters. Unknown fields are left out. */
function productFields(result: RemediationResult, finding: ResultFinding): Record<string, string> {
  const { actor, owner, exceptionTag } = result;
  const known: Record<string, string | null | undefined> = {
    Action: finding.action,
    Outcome: result.outcome,
    PolicyRule: finding.policyRule,
    PolicyDigest: result.policyDigest,
    SecurityGroupRule: finding.ruleId,
    Opening: openingOf(finding),
    Source: finding.source,
    NarrowedTo: finding.narrowed?.to.join(', '),
    Recurrence:
      finding.recurrence &&
      `${finding.recurrence.times} times within ${finding.recurrence.withinMinutes} minutes`,
    Principal: actor.principal,
    Session: actor.session,
    SourceIp: actor.sourceIp,
    UserAgent: actor.userAgent,
    Tool: actor.tool,
    Owner: owner && `${owner.tag}=${owner.value}`,
    ExceptionTagBySamePerson: exceptionTag && String(exceptionTag.samePerson),
    EventName: result.eventName,
    EventId: result.eventId,
    CloudTrailEventId: result.cloudTrailEventId,
  };
  return Object.fromEntries(
    Object.entries(known).flatMap(([key, value]) => {
      const shown = text(value ?? '', 2_048);
      return shown === '' ? [] : [[`portcullis/${key}`, shown]];
    }),
  );
}

function text(value: string, limit: number): string {
  return cut(plain(value), limit);
}

/** CloudTrail's time in Security Hub's format; undefined for anything else. */
function instant(time: string | null): string | undefined {
  const milliseconds = Date.parse(time ?? '');
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString();
}
