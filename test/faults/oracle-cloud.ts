import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import {
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import pLimit from 'p-limit';
import { type Listed, saying } from './oracle-declared.ts';
import type { FaultStage } from './stage.ts';

const isOurs = (name: string | undefined): name is string => name?.startsWith('portcullis') ?? false;

/** IAM's documents are URL-encoded. */
const decoded = (document = '') => saying.document(decodeURIComponent(document));

async function rolesOf({ sandbox }: FaultStage, accountId: string): Promise<Listed[]> {
  const iam = new IAMClient(sandbox.root(accountId));
  const policiesOf = async (RoleName: string): Promise<Listed[]> => {
    const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    return Promise.all(
      PolicyNames.map(async (PolicyName) => {
        const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
        return { name: `role policy ${accountId} ${RoleName}/${PolicyName}`, says: decoded(PolicyDocument) };
      }),
    );
  };
  const { Roles = [] } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
  const found = await Promise.all(
    Roles.filter(({ RoleName }) => isOurs(RoleName)).map(
      async ({ RoleName = '', AssumeRolePolicyDocument }) => [
        { name: `role ${accountId} ${RoleName}`, says: decoded(AssumeRolePolicyDocument) },
        ...(await policiesOf(RoleName)),
      ],
    ),
  );
  iam.destroy();
  return found.flat();
}

async function rulesOf(
  { sandbox }: FaultStage,
  accountId: string,
  region: string,
  buses: readonly string[],
): Promise<Listed[]> {
  const events = new EventBridgeClient(sandbox.root(accountId, region));
  const targetsOf = async (EventBusName: string, Rule: string): Promise<Listed[]> => {
    const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule, EventBusName }));
    return Targets.map(({ Id, Arn: arn, RoleArn: roleArn, DeadLetterConfig }) => ({
      name: `target ${accountId} ${region} ${EventBusName}/${Rule}/${Id}`,
      says: saying.target({ arn, roleArn, deadLetters: DeadLetterConfig?.Arn }),
    }));
  };
  const rulesOn = async (bus: string): Promise<Listed[]> => {
    const { Rules = [] } = await events.send(new ListRulesCommand({ EventBusName: bus }));
    const found = await Promise.all(
      Rules.filter(({ Name }) => isOurs(Name)).map(
        async ({ Name = '', State, EventPattern, ScheduleExpression }) => [
          {
            name: `rule ${accountId} ${region} ${bus}/${Name}`,
            says: saying.rule(State, EventPattern || ScheduleExpression),
          },
          ...(await targetsOf(bus, Name)),
        ],
      ),
    );
    return found.flat();
  };
  const found = await Promise.all(buses.map(rulesOn));
  events.destroy();
  return found.flat();
}

async function queuesOf({ sandbox }: FaultStage, accountId: string, region: string): Promise<Listed[]> {
  const sqs = new SQSClient(sandbox.root(accountId, region));
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({ MaxResults: 1000 }));
  sqs.destroy();
  return QueueUrls.map((url) => url.replace(/^.*\//, ''))
    .filter(isOurs)
    .map((name) => ({ name: `queue ${accountId} ${region} ${name}`, says: '' }));
}

/** Every role, rule, target and queue of ours that AWS has, with what it says, by root calls. */
export async function readCloud(stage: FaultStage): Promise<Listed[]> {
  const limit = pLimit(8);
  const { hubAccountId, hubRegion } = stage.sandbox.organization;
  const found = await Promise.all([
    ...stage.accountIds.map((id) => limit(() => rolesOf(stage, id))),
    ...stage.cells.map(({ accountId, region }) =>
      limit(() => {
        const isHub = accountId === hubAccountId && region === hubRegion;
        return rulesOf(stage, accountId, region, isHub ? ['default', 'portcullis'] : ['default']);
      }),
    ),
    ...stage.cells.map(({ accountId, region }) => limit(() => queuesOf(stage, accountId, region))),
  ]);
  return found.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}
