import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeIpamPrefixListResolverTargetsCommand,
  DescribeManagedPrefixListsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  GetManagedPrefixListAssociationsCommand,
  GetManagedPrefixListEntriesCommand,
  type IpamPrefixListResolverTarget,
  type IpPermission,
  type ManagedPrefixList,
  type PrefixListAssociation,
  type PrefixListEntry,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import {
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  type AwsSecurityFinding,
  BatchImportFindingsCommand,
  type ImportFindingsError,
  SecurityHubClient,
} from '@aws-sdk/client-securityhub';
import { PublishCommand, type PublishCommandInput, SNSClient } from '@aws-sdk/client-sns';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';

export interface Session {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
}

/** The calls made in a member account, in one Region, with the remediation role. */
export interface Member {
  /** Without names, every group of the Region. */
  describeGroups(
    by: { groupId?: string; groupName?: string },
    nextToken?: string,
  ): Promise<Page<SecurityGroup>>;
  /** Without a group id, the rules of all groups of the Region. */
  describeRules(groupId: string | undefined, nextToken?: string): Promise<Page<SecurityGroupRule>>;
  describePrefixList(prefixListId: string): Promise<Page<ManagedPrefixList>>;
  prefixListEntries(prefixListId: string, nextToken?: string): Promise<Page<PrefixListEntry>>;
  /** The resources that use a prefix list, in every account it is shared with. */
  prefixListAssociations(prefixListId: string, nextToken?: string): Promise<Page<PrefixListAssociation>>;
  /** The prefix lists that an IPAM prefix list resolver writes to. */
  resolverTargets(resolverId: string, nextToken?: string): Promise<Page<IpamPrefixListResolverTarget>>;
  authorizeIngress(groupId: string, permission: IpPermission): Promise<void>;
  revokeIngress(groupId: string, ruleIds: string[]): Promise<void>;
  /** Imports at most 100 findings into Security Hub. Returns the refused ones with the reason. */
  importFindings(findings: AwsSecurityFinding[]): Promise<ImportFindingsError[]>;
}

export interface Page<Item> {
  items: Item[];
  nextToken?: string | undefined;
}

/** Every AWS call that the Lambda makes. The policies of its two roles list exactly these. */
export interface Cloud {
  assumeRole(roleArn: string, sessionName: string): Promise<Session>;
  /** Returns the same client for the same session and Region, so that connections are reused. */
  member(region: string, session: Session): Member;
  putEvent(entry: PutEventsRequestEntry): Promise<PutEventsResultEntry>;
  readSecret(arn: string): Promise<string>;
  /** Publishes to an SNS topic in the topic's own Region. */
  publish(message: PublishCommandInput & { TopicArn: string }): Promise<void>;
}

/**
 * Time limits for the connection and for the answer, in milliseconds. Without the flag the SDK only logs a late answer.
 */
export const patience = (connectionTimeout: number, requestTimeout: number) => ({
  requestHandler: { connectionTimeout, requestTimeout, throwOnRequestTimeout: true },
});

/** Two attempts more than the SDK's default, because a Lambda retry costs a minute. */
const attempts = { maxAttempts: 5, ...patience(2_000, 10_000) };

/** A notification must not delay the result for long. */
const brief = { maxAttempts: 2, ...patience(1_000, 2_000) };

function once<Key, Value>(
  kept: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown },
  make: (key: Key) => Value,
): (key: Key) => Value {
  return (key) => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    kept.set(key, made);
    return made;
  };
}

/**
 * AWS through SDK v3 with the function's own credentials. STS is called in the hub's Region, because opt-in Regions
 * accept its tokens. Each client is made once for a Region, or for a session and Region.
 */
export function awsCloud(hubRegion: string): Cloud {
  const sts = new STSClient({ region: hubRegion, ...attempts });
  const events = new EventBridgeClient({ region: hubRegion, ...attempts });
  const secretsIn = once(
    new Map<string, SecretsManagerClient>(),
    (region) => new SecretsManagerClient({ region, ...brief }),
  );
  const topicsIn = once(new Map<string, SNSClient>(), (region) => new SNSClient({ region, ...brief }));
  const membersOf = once(new WeakMap<Session, (region: string) => Member>(), (session) =>
    once(new Map<string, Member>(), (region) => awsMember(region, session)),
  );
  return {
    async assumeRole(roleArn, sessionName) {
      const answer = await sts.send(
        new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: sessionName }),
      );
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {};
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) {
        throw new Error(`AssumeRole of ${roleArn} gave no credentials`);
      }
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: SessionToken,
        expiration: Expiration,
      };
    },
    member: (region, session) => membersOf(session)(region),
    async putEvent(entry) {
      const { Entries } = await events.send(new PutEventsCommand({ Entries: [entry] }));
      return Entries?.[0] ?? { ErrorCode: 'NoEntry', ErrorMessage: 'PutEvents answered without an entry' };
    },
    async readSecret(arn) {
      const secrets = secretsIn(arn.split(':')[3] ?? hubRegion);
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: arn }));
      if (!SecretString) throw new Error('the Slack secret holds no text');
      return SecretString;
    },
    async publish(message) {
      const sns = topicsIn(message.TopicArn.split(':')[3] ?? hubRegion);
      await sns.send(new PublishCommand(message));
    },
  };
}

function groupFilters(name: string | undefined) {
  return name === undefined ? undefined : [{ Name: 'group-name', Values: [name] }];
}

function awsMember(region: string, credentials: Session): Member {
  const ec2 = new EC2Client({ region, credentials, ...attempts });
  let securityHub: SecurityHubClient | undefined;
  return {
    async describeGroups(by, NextToken) {
      const query =
        by.groupId !== undefined
          ? { GroupIds: [by.groupId] }
          : { Filters: groupFilters(by.groupName), MaxResults: 1000, NextToken };
      const answer = await ec2.send(new DescribeSecurityGroupsCommand(query));
      return { items: answer.SecurityGroups ?? [], nextToken: answer.NextToken };
    },
    async describeRules(groupId, NextToken) {
      const Filters = groupId === undefined ? undefined : [{ Name: 'group-id', Values: [groupId] }];
      const answer = await ec2.send(
        new DescribeSecurityGroupRulesCommand({ Filters, MaxResults: 1000, NextToken }),
      );
      return { items: answer.SecurityGroupRules ?? [], nextToken: answer.NextToken };
    },
    async describePrefixList(id) {
      const answer = await ec2.send(new DescribeManagedPrefixListsCommand({ PrefixListIds: [id] }));
      return { items: answer.PrefixLists ?? [] };
    },
    async prefixListEntries(PrefixListId, NextToken) {
      const answer = await ec2.send(
        new GetManagedPrefixListEntriesCommand({ PrefixListId, MaxResults: 100, NextToken }),
      );
      return { items: answer.Entries ?? [], nextToken: answer.NextToken };
    },
    async prefixListAssociations(PrefixListId, NextToken) {
      const answer = await ec2.send(
        new GetManagedPrefixListAssociationsCommand({ PrefixListId, MaxResults: 255, NextToken }),
      );
      return { items: answer.PrefixListAssociations ?? [], nextToken: answer.NextToken };
    },
    async resolverTargets(IpamPrefixListResolverId, NextToken) {
      const answer = await ec2.send(
        new DescribeIpamPrefixListResolverTargetsCommand({
          ...{ IpamPrefixListResolverId, MaxResults: 100, NextToken },
        }),
      );
      return { items: answer.IpamPrefixListResolverTargets ?? [], nextToken: answer.NextToken };
    },
    async authorizeIngress(GroupId, permission) {
      await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }));
    },
    async revokeIngress(GroupId, SecurityGroupRuleIds) {
      const answer = await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds }));
      if (answer.Return === false) throw new Error(`RevokeSecurityGroupIngress on ${GroupId} answered false`);
    },
    async importFindings(Findings) {
      securityHub ??= new SecurityHubClient({ region, credentials, ...brief });
      const { FailedFindings } = await securityHub.send(new BatchImportFindingsCommand({ Findings }));
      return FailedFindings ?? [];
    },
  };
}
