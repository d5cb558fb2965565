import { randomUUID } from 'node:crypto';
import type { Database } from '../../controlplane/store/database/database.ts';
import { openStore } from '../../controlplane/store/store.ts';
import { makeLogger } from '../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../controlplane/telemetry/metrics.ts';
import type { VerifyContext } from '../../controlplane/verify/context.ts';
import { canaryName, canaryTag } from '../../lambda/contract/canary.ts';
import { finding, remediation } from './remediation-sample.ts';

export const cell = { accountId: '300000000001', region: 'eu-west-1' };
const refusal = (name: string) => Object.assign(new Error(`${name}: said AWS`), { name });

interface Group {
  readonly id: string;
  readonly canary: string;
  open: boolean;
}

/** One cell, its hub's ledger and a Lambda that answers at once what `answer` makes of a canary, or not at all. */
export function verifyWorld(database: Database) {
  const store = openStore(database);
  const stopping = new AbortController();
  const state = {
    groups: new Map<string, Group>(),
    ledger: new Set<string>(),
    calls: [] as string[],
    /** What a call of this name fails with, once or always. */
    failing: new Map<string, string>(),
    /** Called before each call; a test can stop the service there. */
    before: (_call: string) => {},
    ruleState: 'ENABLED' as string | undefined,
    covered: true,
    letters: 0,
    /** Whether the Lambda hears of what is opened, and of synthetic events. */
    hears: { calls: true, events: true },
    outcome: 'remediated' as 'remediated' | 'access-denied',
    /** The event is delivered twice: the invocation that finds the rule deleted reports first, the other later or never. */
    duplicateMs: null as number | 'never' | null,
  };
  const hear = async (group: Group) => {
    if (!state.hears.calls || !state.ledger.has(group.id)) return;
    const denied = state.outcome === 'access-denied';
    if (!denied) group.open = false;
    const timeline = { eventTime: null, receivedAt: new Date().toISOString() };
    const reported = remediation({
      ...{ account: cell.accountId, region: cell.region, groupId: group.id, outcome: state.outcome },
      ...(denied ? { reason: 'no role' } : { canary: group.canary, findings: [finding()] }),
      timeline: { ...timeline, revokedAt: denied ? null : new Date().toISOString() },
    });
    if (state.duplicateMs !== null) {
      const late = { ...reported, outcome: 'rule-gone' as const, findings: [], mode: null };
      await store.cellVerifications.received({ ...late, timeline: { ...timeline, revokedAt: null } });
      if (state.duplicateMs !== 'never')
        setTimeout(() => store.cellVerifications.received(reported), state.duplicateMs);
    } else await store.cellVerifications.received(reported);
  };
  const answers: Record<string, (input: never) => object | Promise<object>> = {
    DescribeVpcsCommand: () => ({ Vpcs: [{ VpcId: 'vpc-1', IsDefault: true, OwnerId: cell.accountId }] }),
    CreateSecurityGroupCommand({ GroupName }: { GroupName: string }) {
      const canary = GroupName.slice(canaryName.length);
      if ([...state.groups.values()].some((each) => each.canary === canary))
        throw refusal('InvalidGroup.Duplicate');
      const id = `sg-${randomUUID().replaceAll('-', '')}`;
      state.groups.set(id, { id, canary, open: false });
      return { GroupId: id };
    },
    async AuthorizeSecurityGroupIngressCommand({ GroupId }: { GroupId: string }) {
      const group = state.groups.get(GroupId);
      if (!group) throw refusal('InvalidGroup.NotFound');
      group.open = true;
      await hear(group);
      return {};
    },
    DescribeSecurityGroupRulesCommand({
      Filters: [
        {
          Values: [id],
        },
      ],
    }: {
      Filters: [{ Values: [string] }];
    }) {
      const open = { IsEgress: false, FromPort: 9, CidrIpv4: '0.0.0.0/0' };
      return { SecurityGroupRules: state.groups.get(id)?.open ? [open] : [] };
    },
    DescribeSecurityGroupsCommand({ Filters: [{ Values }] }: { Filters: [{ Values: string[] }] }) {
      const found = [...state.groups.values()].filter(({ canary }) => Values.includes(canary));
      return {
        SecurityGroups: found.map(({ id, canary }) => ({
          ...{ GroupId: id, GroupName: canaryName + canary, Tags: [{ Key: canaryTag, Value: canary }] },
        })),
      };
    },
    DeleteSecurityGroupCommand({ GroupId }: { GroupId: string }) {
      if (!state.groups.delete(GroupId)) throw refusal('InvalidGroup.NotFound');
      return {};
    },
    PutItemCommand({ Item }: { Item: { key: { S: string } } }) {
      state.ledger.add(Item.key.S.split('/').at(-1) ?? '');
      return {};
    },
    async PutEventsCommand({ Entries: [{ Detail }] }: { Entries: [{ Detail: string }] }) {
      const { canary } = JSON.parse(Detail);
      const result = {
        account: cell.accountId,
        region: cell.region,
        groupId: null,
        outcome: 'clean',
        canary,
      } as const;
      if (state.hears.events && state.ledger.has(canary))
        await store.cellVerifications.received(remediation({ ...result, time: new Date().toISOString() }));
      return { Entries: [{ EventId: 'e' }] };
    },
    DescribeRuleCommand() {
      if (state.ruleState === undefined) throw refusal('ResourceNotFoundException');
      return { State: state.ruleState };
    },
    ListTargetsByRuleCommand: () => ({ Targets: [{ Id: 'org-bus' }] }),
    GetQueueAttributesCommand: () => ({ Attributes: { ApproximateNumberOfMessages: String(state.letters) } }),
  };
  const client = {
    async send(command: { constructor: { name: string }; input: never }) {
      const { name } = command.constructor;
      state.before(name);
      stopping.signal.throwIfAborted();
      state.calls.push(name);
      const failure = state.failing.get(name);
      if (failure) throw refusal(failure);
      return answers[name]?.(command.input) ?? {};
    },
  } as never;
  const aws = {
    caller: async () => ({ accountId: '111111111111', partition: 'aws' }),
    ...{
      ec2: async () => client,
      eventBridge: async () => client,
      dynamodb: async () => client,
      sqs: async () => client,
    },
  };
  const context: VerifyContext = {
    ...{ store, aws, meter: silentMeter, log: makeLogger('silent'), stopping: stopping.signal },
    settings: {
      hub: { accountId: '222222222222', region: 'eu-west-1' },
      // A hundredth of a minute: an answer that is not there at once never comes.
      ...{
        canary: 'group',
        tags: undefined,
        verifyWaitMinutes: 0.01 / 60,
        verifyParallel: 2,
        verifyHours: 0,
      },
    },
    trail: async () =>
      state.covered ? { covered: true, trailArn: 'a' } : { covered: false, reason: 'no trail covers it' },
  };
  return { ...state, state, store, parts: context, stop: () => stopping.abort() };
}
