import { OrganizationsClient } from '@aws-sdk/client-organizations';
import type { Aws } from '../../controlplane/aws/clients.ts';
import type { Engine } from '../../controlplane/pulumi/engine.ts';
import { keyWorker } from '../../controlplane/queue/key-worker.ts';
import { openLeases } from '../../controlplane/queue/leases.ts';
import type { HubBundler } from '../../controlplane/reconcile/hub-bundle.ts';
import { keyReconciler } from '../../controlplane/reconcile/key.ts';
import { advanceRun } from '../../controlplane/runs/advance.ts';
import { readSettings } from '../../controlplane/settings/environment.ts';
import { PortcullisError } from '../../controlplane/settings/errors.ts';
import type { DesiredStack } from '../../controlplane/stacks/desired.ts';
import type { OperationRecord } from '../../controlplane/stacks/operation-record.ts';
import type { Database } from '../../controlplane/store/database/database.ts';
import type { RunRequest } from '../../controlplane/store/runs.ts';
import type { Store } from '../../controlplane/store/store.ts';
import { makeLogger } from '../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../controlplane/telemetry/metrics.ts';
import { codeSha256 } from '../../programs/arguments.ts';
import { refuseDenied } from './control-policies.ts';
import { deadLetterQueues, memoryQueue } from './memory-queue.ts';

export const management = '111111111111';
export const hub = '222222222222';
export const one = '300000000001';
export const two = '300000000002';
const nothing: OperationRecord = { changes: [], drift: [], unchanged: 1, errors: [] };
const created = { operation: 'create', type: 'aws:sqs/queue:Queue', name: 'q', properties: [] };
export const deletedRule = {
  operation: 'deleted',
  type: 'aws:cloudwatch/eventRule:EventRule',
  name: 'r',
  properties: [],
};

type Send = { send: unknown };
const client = <T>(answer: (command: string, input: Record<string, string>) => unknown): T =>
  ({
    send: async (command: { constructor: { name: string }; input: Record<string, string> }) =>
      answer(command.constructor.name, command.input),
  }) as Send as T;

/** What the fakes answer from; a test changes it. */
function newWorld() {
  return {
    accounts: new Map([management, hub, one, two].map((id) => [id, 'ACTIVE'])),
    /** Organizational units under the root: names by id. */
    units: new Map<string, string>(),
    /** The unit that an account is in; the root, without an entry. */
    unitOf: new Map<string, string>(),
    tags: new Map<string, Record<string, string>>(),
    /** Accounts whose tags were asked for, each time. */
    tagsRead: [] as string[],
    /** Accounts whose tags cannot be read. */
    untaggable: new Set<string>(),
    regions: ['us-east-1', 'eu-west-1'],
    unreachable: new Set<string>(),
    /** Cells that a service control policy denies, as `<account> <Region>`; and the calls to them, `<command> <cell>`. */
    denied: new Set<string>(),
    deniedCalls: [] as string[],
    queues: deadLetterQueues(),
    /** What inspections of an account fail with, one after the other, before it answers. */
    transientFailures: new Map<string, Error[]>(),
    /** Stack keys whose operations fail, and with what words. */

    broken: new Set<string>(),
    breaksWith: 'it broke',
    /** When accounts joined; long ago, without an entry. */
    joined: new Map<string, Date>(),
    drift: new Map<string, OperationRecord['drift']>(),
    /** The remediation function's hash, as Lambda returns it. */
    code: async (): Promise<string> => codeSha256({ sha256: 'f00d' }),
    /** Stack keys made so far. */
    made: new Set<string>(),
    /** `up hub`, `recover and up hub`, `preview hub`, in the order begun. */
    operations: [] as string[],
    programVersion: '1',
    hubBundle: (async () => ({
      bundle: { file: '/data/index.mjs', sha256: 'f00d' },
      exceptions: [],
    })) as HubBundler,
    stopping: new AbortController(),
    /** How the workers' configurations differ, if they do. */
    mismatch: undefined as string | undefined,
    /** Why the hub is another installation's, where it is. */
    refusal: undefined as string | undefined,
    /** What becomes of a stack when it is made. */
    up: async (_stack: DesiredStack): Promise<void> => undefined,
    /** Waited for before each operation. */
    before: async (_key: string): Promise<void> => undefined,
  };
}
type World = ReturnType<typeof newWorld>;

/** What AWS Organizations says; an account's tags in pages of one. */
function organizationOf(world: World) {
  const accounts = () =>
    [...world.accounts].map(([Id, State]) => ({
      ...{ Id, Name: Id, State, JoinedTimestamp: world.joined.get(Id) },
    }));
  const answers: Record<string, (input: Record<string, string>) => object> = {
    DescribeOrganizationCommand: () => ({
      Organization: { Id: 'o-portcullis', MasterAccountId: management },
    }),
    ListRootsCommand: () => ({ Roots: [{ Id: 'r-root' }] }),
    ListAccountsCommand: () => ({ Accounts: accounts() }),
    ListAccountsForParentCommand: ({ ParentId }) => ({
      Accounts: accounts().filter(({ Id }) => (world.unitOf.get(Id) ?? 'r-root') === ParentId),
    }),
    ListOrganizationalUnitsForParentCommand: ({ ParentId }) => ({
      OrganizationalUnits: ParentId === 'r-root' ? [...world.units].map(([Id, Name]) => ({ Id, Name })) : [],
    }),
    ListTagsForResourceCommand({ ResourceId = '', NextToken = '0' }) {
      if (world.untaggable.has(ResourceId)) throw new Error('AccessDeniedException');
      if (NextToken === '0') world.tagsRead.push(ResourceId);
      const tags = Object.entries(world.tags.get(ResourceId) ?? {}).map(([Key, Value]) => ({ Key, Value }));
      const next = Number(NextToken) + 1;
      const more = next < tags.length && { NextToken: String(next) };
      return { Tags: tags.slice(next - 1, next), ...more };
    },
  };
  const organizations = new OrganizationsClient({ region: 'us-east-1' });
  const answer = (command: string, input: Record<string, string>) => answers[command]?.(input);
  return Object.assign(organizations, client<OrganizationsClient>(answer));
}

/** Four accounts under one root; each call answers from the world as it is then. */
export function awsOf(world: World): Aws {
  const organizations = organizationOf(world);
  return {
    caller: async () => ({ accountId: management, partition: 'aws' }),
    accessRoleArn: async (id: string) => (id === management ? undefined : `arn:aws:iam::${id}:role/Access`),
    organizations: async () => organizations,
    ec2: async (id: string, region: string) => {
      const failure = world.transientFailures.get(id)?.shift();
      if (failure) throw failure;
      if (world.unreachable.has(id)) throw new Error('AccessDenied');
      return client((command) => {
        if (command === 'DescribeSecurityGroupsCommand') refuseDenied(world, command, `${id} ${region}`);
        return { Regions: world.regions.map((RegionName) => ({ RegionName })) };
      });
    },
    sqs: async (id: string, region: string) => client(() => world.queues.read(`${id} ${region}`)),
    cloudTrail: async (id: string, region: string) =>
      client((command) => {
        refuseDenied(world, command, `${id} ${region}`);
        return { trailList: [] };
      }),
    lambda: async () => client(async () => ({ Configuration: { CodeSha256: await world.code() } })),
  } as unknown as Aws;
}

/** An engine that makes a stack the first time and finds it as declared after. */
function engineOf(world: World): Engine {
  const operate = async (what: string, key: string) => {
    world.operations.push(`${what} ${key}`);
    await world.before(key);
    if (world.broken.has(key)) throw new PortcullisError('stack-failed', `${key}: ${world.breaksWith}`);
    const drift = world.drift.get(key) ?? [];
    return { ...nothing, drift, changes: world.made.has(key) ? [] : [created] };
  };
  return {
    async operate({ kind, stack, recover }) {
      const { key } = stack;
      if (kind !== 'up') return operate(kind, key);
      const record = await operate(recover ? 'recover and up' : 'up', key);
      await world.up(stack as DesiredStack);
      world.made.add(key);
      world.drift.delete(key);
      return record;
    },
    exportState: async () => undefined,
    forget: async () => undefined,
  };
}

/** The scheduler over those fakes, a queue in memory, and a real store. */
export function createWorld(
  store: Store,
  database: Pick<Database, 'query' | 'transaction'>,
  log = makeLogger('silent'),
) {
  const world = newWorld();
  const aws = awsOf(world);
  const engine = engineOf(world);
  const queue = memoryQueue();
  const settings = readSettings({
    PORTCULLIS_HUB_ACCOUNT: hub,
    PORTCULLIS_HUB_REGION: 'eu-west-1',
    PULUMI_CONFIG_PASSPHRASE: 'x',
  });
  const parts = {
    ...{ settings, aws, engine, store, queue, log, meter: silentMeter },
    hubBundle: (...asked: Parameters<HubBundler>) => world.hubBundle(...asked),
    get programVersion() {
      return world.programVersion;
    },
    attempts: { counted: 1, transient: 1 },
    prerequisiteMs: 20,
    configurationMismatch: async () => world.mismatch,
    installation: { id: async () => 'this-one', refusal: async () => world.refusal },
  };
  const requested: RunRequest[] = [];
  const runs = {
    request: async (request: RunRequest) => {
      requested.push(request);
      return (await store.runs.createUnlessWaiting(request)).run;
    },
  };
  /** How often each key was reconciled. */
  const verdicts = new Map<string, number>();
  /** Has keys reconciled, as a worker of the service would, while the work lasts. */
  const working = async <T>(work: () => Promise<T>): Promise<T> => {
    const leases = openLeases(database, log);
    const reconcile = keyReconciler({ ...parts, runs });
    const onVerdict = (key: string) => verdicts.set(key, (verdicts.get(key) ?? 0) + 1);
    const worker = keyWorker({
      ...{ queue, leases, reconcile, log, onResult: onVerdict },
      ...{ concurrent: 8, pollMs: 5, heldMs: 5 },
    });
    await worker.start();
    try {
      return await work();
    } finally {
      await worker.stop(5_000);
      await leases.stop();
    }
  };
  const execute = ({ id }: { id: string }) => working(() => advanceRun(parts, id, world.stopping.signal));
  /** Carries a run out; its state and message, and each stack as `key state`. */
  const run = async (change: Partial<RunRequest> = {}) => {
    const request = {
      kind: 'reconcile',
      scope: {},
      onlyChanged: false,
      requestedBy: 'a test',
      ...change,
    } as const;
    const { run: begun } = await store.runs.createUnlessWaiting(request);
    await execute(begun);
    const stacks = await store.runStacks.of(begun.id);
    const done = await store.runs.get(begun.id);
    const stateOf = (key: string) => stacks.find((stack) => stack.key === key)?.state;
    return { ...done, stacks, stateOf, keys: stacks.map(({ key, state }) => `${key} ${state}`) };
  };
  return { world, run, runs, execute, working, verdicts, queue, requested, parts, aws, settings };
}
