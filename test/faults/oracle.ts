import { until } from '../../sandbox/demo/security-group.ts';
import { sharedLeases } from './lease-history.ts';
import { auditWrong, type Failures } from './oracle-audit.ts';
import { readCloud } from './oracle-cloud.ts';
import { declaredIn, type Listed } from './oracle-declared.ts';
import { readState } from './oracle-state.ts';
import type { FaultStage } from './stage.ts';

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}
interface Stack {
  readonly key: string;
  readonly conditions: Readonly<Record<string, Condition | undefined>>;
}
interface Account {
  readonly id: string;
  readonly conditions: Readonly<Record<string, Condition | undefined>>;
}
interface RunStack {
  readonly key: string;
  readonly state: string;
  readonly message: string | null;
  readonly finishedAt: string | null;
}
export interface Run {
  readonly id: string;
  readonly state: string;
  readonly message: string | null;
  readonly finishedAt: string | null;
  readonly stacks: readonly RunStack[];
}

const said = (one: Condition | undefined) => (one ? `${one.status} ${one.reason} ${one.message}` : 'unset');
const twice = (names: readonly string[]) => names.filter((name, at) => names.indexOf(name) !== at);
const missing = (wanted: readonly string[], from: readonly string[]) => {
  const there = new Set(from);
  return wanted.filter((one) => !there.has(one));
};

const namesOf = (resources: readonly Listed[]) => resources.map(({ name }) => name);

/** Resources of both lists that do not say the same. */
function differing(where: string, declared: readonly Listed[], found: readonly Listed[]): string[] {
  const known = new Map(found.map(({ name, says }) => [name, says]));
  return declared
    .filter(({ name, says }) => known.has(name) && known.get(name) !== says)
    .map(({ name, says }) => `${where} ${name} is: ${known.get(name)}; declared: ${says}`);
}

/** The keys that there must be a stack of, in the order of the alphabet. */
export const wantedStacks = ({ accountIds, cells }: FaultStage): string[] =>
  [
    'hub',
    ...accountIds.map((id) => `account-${id}`),
    ...cells.map(({ accountId, region }) => `region-${accountId}-${region}`),
  ].sort();

/** State, AWS and what the programs declare against each other: all three have the same, and it says the same. */
async function resourcesWrong(stage: FaultStage): Promise<string[]> {
  const state = readState(stage);
  const cloud = await readCloud(stage);
  const declared = declaredIn(stage);
  const [inState, inCloud] = [namesOf(state.resources), namesOf(cloud)];
  const wanted = wantedStacks(stage);
  return [
    ...state.wrong,
    ...missing(wanted, state.stacks).map((key) => `the state has no stack ${key}`),
    ...missing(state.stacks, wanted).map((key) => `the state has a stack ${key}`),
    ...missing(namesOf(declared), inCloud).map((one) => `AWS has no ${one}`),
    ...missing(inState, inCloud).map((one) => `in the state, not in AWS: ${one}`),
    ...missing(inCloud, inState).map((one) => `in AWS, not in the state: ${one}`),
    ...twice(inState).map((one) => `twice in the state: ${one}`),
    ...differing('in AWS', declared, cloud),
    ...differing('in the state', declared, state.resources),
  ];
}

/** What the service says of its stacks and accounts. */
async function reportedWrong(stage: FaultStage): Promise<string[]> {
  const { stacks } = await stage.get<{ stacks: Stack[] }>('/v1/stacks');
  const { accounts } = await stage.get<{ accounts: Account[] }>('/v1/accounts');
  const keys = stacks.map(({ key }) => key);
  const wanted = wantedStacks(stage);
  const unready = (name: string, { conditions }: Pick<Stack, 'conditions'>) =>
    [
      conditions.Ready?.status !== 'True' && `${name} Ready: ${said(conditions.Ready)}`,
      conditions.Stalled?.status === 'True' && `${name} Stalled: ${said(conditions.Stalled)}`,
      conditions.Reconciling?.status === 'True' && `${name} Reconciling: ${said(conditions.Reconciling)}`,
    ].filter((one) => one !== false);
  return [
    ...missing(wanted, keys).map((key) => `the service knows no stack ${key}`),
    ...missing(keys, wanted).map((key) => `the service has a stack ${key}`),
    ...stacks.flatMap((stack) => unready(stack.key, stack)),
    ...stage.accountIds.flatMap((id) => {
      const account = accounts.find((each) => each.id === id);
      return account ? unready(`account ${id}`, account) : [`the service knows no account ${id}`];
    }),
  ];
}

/** What a run says of itself, once it has ended. */
export function runWrong(stage: FaultStage, run: Run): string[] {
  const keys = run.stacks.map(({ key }) => key);
  return [
    ...(run.state === 'succeeded' ? [] : [`run ${run.id} is ${run.state}: ${run.message}`]),
    ...missing(wantedStacks(stage), keys).map((key) => `run ${run.id} never had ${key}`),
    ...run.stacks
      .filter(({ key }) => wantedStacks(stage).includes(key))
      .filter(({ state, finishedAt }) => !['succeeded', 'unchanged'].includes(state) || finishedAt === null)
      .map(({ key, state, message }) => `run ${run.id}: ${key} is ${state}: ${message}`),
  ];
}

/** Work in progress, and work that is overdue and not started. */
async function workLeft({ query }: FaultStage): Promise<string[]> {
  const jobs = await query<{ name: string; state: string; key: string }>(
    `select name, state::text, singleton_key as key from queue.job
     where state = 'active' or (state in ('created', 'retry') and start_after < now() - interval '2 seconds')`,
  );
  const leases = await query<{ key: string }>(`select key from lease where expires_at > now()`);
  return [
    ...jobs.map(({ name, state, key }) => `a job is left: ${name} ${key} ${state}`),
    ...leases.map(({ key }) => `a lease is held: ${key}`),
  ];
}

/** Resolves once nothing is under way; what still is after a minute. */
async function quiet(stage: FaultStage): Promise<string[]> {
  let left: string[] = [];
  const look = async () => {
    left = await workLeft(stage);
    return left.length === 0 ? true : undefined;
  };
  return until('nothing under way', 60, look).then(
    () => [],
    () => left,
  );
}

interface Explained {
  /** Of CLIs that work on one stack at once: one whose worker was paused cannot know that its time is over. */
  readonly overlaps?: 'wrong' | 'expected';
  readonly failures?: Failures;
}

/** Everything that is not as it should be, in sentences; nothing where all is well. */
export async function whatIsWrong(
  stage: FaultStage,
  run: Run | undefined,
  { overlaps = 'wrong', failures = 'none' }: Explained = {},
): Promise<string[]> {
  const left = await quiet(stage);
  return [
    ...left,
    ...(run ? runWrong(stage, run) : []),
    ...(await reportedWrong(stage)),
    ...(await resourcesWrong(stage)),
    ...(await sharedLeases(stage.query)),
    ...(await auditWrong(stage, failures)),
    ...(stage.stacks.busiest() > 0 ? [] : ['the CLI monitor saw no CLI at work']),
    ...(overlaps === 'wrong' ? stage.stacks.overlaps() : []),
  ];
}

/** Whether nothing more is done in a run. */
export const isOver = ({ state }: Pick<Run, 'state'>): boolean => !['queued', 'running'].includes(state);

/** Resolves to the run once it has ended, with its stacks. */
export const ended = (stage: FaultStage, id: string, seconds: number): Promise<Run> =>
  until(`run ${id} ends`, seconds, async () => {
    const run = await stage.get<Run>(`/v1/runs/${id}`);
    return isOver(run) ? run : undefined;
  });

/** What a preview of a few stacks would change. */
export async function previewDiffers(stage: FaultStage, accounts: readonly string[]): Promise<string[]> {
  const { id } = await stage.post<{ id: string }>('/v1/reconcile', { preview: true, accounts });
  const run = await ended(stage, id, 300);
  return [
    ...(run.state === 'succeeded' ? [] : [`the preview is ${run.state}: ${run.message}`]),
    ...run.stacks
      .filter(({ state }) => state !== 'unchanged')
      .map(({ key, state, message }) => `preview of ${key} is ${state}: ${message}`),
  ];
}
