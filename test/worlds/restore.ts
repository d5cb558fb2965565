import { randomUUID } from 'node:crypto';
import {
  type AuthorizeSecurityGroupIngressCommandInput,
  type DescribeSecurityGroupRulesCommandInput,
  EC2Client,
  type IpPermission,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import { openBoss } from '../../controlplane/queue/boss.ts';
import { openLeases } from '../../controlplane/queue/leases.ts';
import { belongs } from '../../controlplane/reconcile/stored-exceptions.ts';
import { planRestore } from '../../controlplane/remediations/restore/plan.ts';
import { restoreQueue } from '../../controlplane/remediations/restore/queue.ts';
import { restorer } from '../../controlplane/remediations/restore/restorer.ts';
import { runQueue } from '../../controlplane/runs/queue.ts';
import type { Database } from '../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../controlplane/store/store.ts';
import { makeLogger } from '../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../controlplane/telemetry/metrics.ts';
import type { ResultFinding } from '../../lambda/contract/result.ts';
import { createWorld } from './reconcile.ts';
import { finding, remediation } from './remediation-sample.ts';

export const group = 'sg-0a1b2c3d4e5f60001';
const log = makeLogger('silent');
const refusal = (name: string) => Object.assign(new Error(`${name}: said AWS`), { name });

/** The security groups of one account and Region, as EC2 keeps them. */
export function securityGroups() {
  const state = {
    groups: new Map<string, SecurityGroupRule[]>([[group, []]]),
    /** How many calls of each kind there were. */
    calls: {} as Record<string, number>,
    /** How many rules a group takes. */
    room: 60,
    /** What a call of this name fails with. */
    failing: new Map<string, string>(),
    /** Called before each call; a test can hold it up there. */
    before: async (_call: string) => {},
    /** Looks for which a new rule is not listed yet. */
    unlisted: 0,
  };
  const same = (rule: SecurityGroupRule, { IpProtocol, FromPort, ToPort, IpRanges }: IpPermission) =>
    rule.IpProtocol === IpProtocol &&
    (IpProtocol === '-1' || (rule.FromPort === FromPort && rule.ToPort === ToPort)) &&
    rule.CidrIpv4 === IpRanges?.[0]?.CidrIp;
  const answers: Record<string, (input: never) => object> = {
    AuthorizeSecurityGroupIngressCommand(input: AuthorizeSecurityGroupIngressCommandInput) {
      const { GroupId = '', IpPermissions: [permission = {}] = [], TagSpecifications: [tags] = [] } = input;
      const rules = state.groups.get(GroupId);
      if (!rules) throw refusal('InvalidGroup.NotFound');
      if (rules.some((rule) => same(rule, permission))) throw refusal('InvalidPermission.Duplicate');
      const { IpProtocol, FromPort = -1, ToPort = -1, IpRanges } = permission;
      if (rules.length >= state.room) throw refusal('RulesPerSecurityGroupLimitExceeded');
      const rule: SecurityGroupRule = {
        ...{ SecurityGroupRuleId: `sgr-new${rules.length + 1}`, GroupId, IsEgress: false, IpProtocol },
        ...{ FromPort, ToPort, CidrIpv4: IpRanges?.[0]?.CidrIp, Description: IpRanges?.[0]?.Description },
        Tags: tags?.Tags ?? [],
      };
      rules.push(rule);
      return { SecurityGroupRules: [rule] };
    },
    DescribeSecurityGroupRulesCommand({ Filters }: DescribeSecurityGroupRulesCommandInput) {
      const [id] = Filters?.[0]?.Values ?? [];
      state.unlisted -= 1;
      return { SecurityGroupRules: state.unlisted >= 0 ? [] : (state.groups.get(id ?? '') ?? []) };
    },
  };
  const ec2 = Object.assign(new EC2Client({ region: 'eu-west-1' }), {
    send: async (command: { constructor: { name: string }; input: never }) => {
      const { name } = command.constructor;
      state.calls[name] = (state.calls[name] ?? 0) + 1;
      await state.before(name);
      const failure = state.failing.get(name);
      if (failure) throw refusal(failure);
      return answers[name]?.(command.input);
    },
  });
  return { state, ec2 };
}

/** A control plane over fakes of AWS and the engine and a real database; it can die at any point and be started again. */
export function createRestoreWorld(database: Database) {
  const store = openStore(database);
  const { world, execute } = createWorld(store, database);
  const { state, ec2 } = securityGroups();
  /** The stored exceptions inside the hub as it was made last. */
  const hub = { exceptions: [] as readonly string[] };
  world.hubBundle = async () => {
    const standing = (await store.exceptions.standing()).filter((each) => belongs(each, new Date()));
    const exceptions = standing.map(({ exception }) => exception.name);
    return { bundle: { file: '/data/index.mjs', sha256: exceptions.join() }, exceptions };
  };
  world.up = async ({ key, exceptions = [] }) => {
    if (key === 'hub') hub.exceptions = exceptions;
  };
  /** One process's worth: queues and worker, with a store of its own. */
  const start = (own: Store = store) => {
    const leases = openLeases(database, log);
    const advance = (id: string) => execute({ id });
    const boss = openBoss(database, log);
    const runs = runQueue({ boss, store: own, leases, advance, meter: silentMeter, log });
    const parts = { aws: { ec2: async () => ec2 }, log };
    const carryOut = restorer({ ...parts, store: own, runs });
    const restores = restoreQueue({ boss, store: own, log, leases }, carryOut);
    return {
      ...{ runs, restores, leases, carryOut },
      /** The right to work on a restore, as the queue gets it. */
      async leaseOf(id: string) {
        const [lease] = await leases.acquire([{ key: `restore:${id}` }]);
        if (!lease) throw new Error(`restore ${id} is another worker's`);
        return lease;
      },
      async begin() {
        await runs.start();
        await restores.start();
      },
      async end() {
        await restores.stop();
        await runs.stop();
        await leases.stop();
      },
    };
  };
  /** A restore of a remediation that took these rules away, not recorded yet. */
  const planned = async (findings: ResultFinding[], words: { expires?: string } = {}) => {
    const eventId = randomUUID();
    await store.remediations.append(remediation({ eventId, findings }));
    const [found] = await store.remediations.ofEvent(eventId);
    if (!found) throw new Error('no remediation');
    const said = { owner: 'web', why: 'a partner', ticket: 'SEC-7' };
    const end = words.expires ? words : { permanent: true as const };
    return planRestore(found, { ...said, ...end }, { id: randomUUID(), by: 'ops', at: new Date() });
  };
  /** The same, recorded and not begun. */
  const recorded = async (...given: Parameters<typeof planned>) => {
    const plan = await planned(...given);
    await store.restores.create(plan);
    return { id: plan.id, names: [plan.exception.name] };
  };
  const ended = async (id: string) => {
    for (;;) {
      const restore = await store.restores.get(id);
      if (restore?.finishedAt) return restore;
      await new Promise((next) => setTimeout(next, 20));
    }
  };
  return { database, store, world, state, hub, start, planned, recorded, ended };
}

/** A copy whose method never answers; what it was to do is done before that, or not at all. `died` tells of it. */
export function dying<T extends object, K extends keyof T>(object: T, method: K, when: 'before' | 'after') {
  const death = Promise.withResolvers<void>();
  const forever = new Promise<never>(() => undefined);
  const original = object[method] as (...args: unknown[]) => Promise<unknown>;
  const copy = {
    ...object,
    async [method](...args: unknown[]) {
      if (when === 'after') await original(...args);
      death.resolve();
      return forever;
    },
  };
  return { copy: copy as T, died: death.promise };
}

/** SSH or another port to the world, closed, with what puts it back. */
export const closed = (ruleId: string, port: number): ResultFinding =>
  finding({
    ruleId,
    undo: {
      ipPermission: {
        ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
        IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'for the partner' }],
      },
      tags: [
        { Key: 'team', Value: 'web' },
        { Key: 'aws:cloudformation:stack-name', Value: 's' },
      ],
    },
  });
