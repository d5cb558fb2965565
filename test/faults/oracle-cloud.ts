import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { IAMClient, ListRolePoliciesCommand, ListRolesCommand } from '@aws-sdk/client-iam';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import pLimit from 'p-limit';
import type { FaultStage } from './stage.ts';

const mine = (name: string | undefined): name is string => name?.startsWith('portcullis') ?? false;

async function rolesOf({ sandbox }: FaultStage, accountId: string): Promise<string[]> {
  const iam = new IAMClient(sandbox.root(accountId));
  const { Roles = [] } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
  const names = Roles.map(({ RoleName }) => RoleName).filter(mine);
  const policies = await Promise.all(
    names.map(async (RoleName) => {
      const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
      return PolicyNames.map((name) => `role policy ${accountId} ${RoleName}/${name}`);
    }),
  );
  iam.destroy();
  return [...names.map((name) => `role ${accountId} ${name}`), ...policies.flat()];
}

async function rulesOf({ sandbox }: FaultStage, accountId: string, region: string, buses: readonly string[]) {
  const events = new EventBridgeClient(sandbox.root(accountId, region));
  const found = await Promise.all(
    buses.map(async (EventBusName) => {
      const { Rules = [] } = await events.send(new ListRulesCommand({ EventBusName }));
      const names = Rules.map(({ Name }) => Name).filter(mine);
      const targets = await Promise.all(
        names.map(async (Rule) => {
          const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule, EventBusName }));
          return Targets.map(({ Id }) => `target ${accountId} ${region} ${EventBusName}/${Rule}/${Id}`);
        }),
      );
      return [
        ...names.map((name) => `rule ${accountId} ${region} ${EventBusName}/${name}`),
        ...targets.flat(),
      ];
    }),
  );
  events.destroy();
  return found.flat();
}

async function queuesOf({ sandbox }: FaultStage, accountId: string, region: string): Promise<string[]> {
  const sqs = new SQSClient(sandbox.root(accountId, region));
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({ MaxResults: 1000 }));
  sqs.destroy();
  return QueueUrls.map((url) => url.replace(/^.*\//, ''))
    .filter(mine)
    .map((name) => `queue ${accountId} ${region} ${name}`);
}

/** Every role, rule, target and queue of ours that AWS has, as often as it lists them, by root calls. */
export async function readCloud(stage: FaultStage): Promise<string[]> {
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
  return found.flat().sort();
}

/** What every account and cell must have, whatever else it has. */
export const requiredIn = ({ accountIds, cells }: FaultStage): string[] => [
  ...accountIds.flatMap((id) =>
    ['portcullis-forwarder', 'portcullis-remediation'].flatMap((role) => [
      `role ${id} ${role}`,
      `role policy ${id} ${role}/${role}`,
    ]),
  ),
  ...cells.flatMap(({ accountId, region }) => [
    `rule ${accountId} ${region} default/portcullis-forward`,
    `target ${accountId} ${region} default/portcullis-forward/org-bus`,
    `queue ${accountId} ${region} portcullis-forward-dead-letter`,
  ]),
];
