import type { Exception } from '../../../lambda/policy/schema/exception.ts';
import { isDenied } from '../../aws/errors.ts';
import { cancellable } from '../../aws/throttle.ts';
import type { RunQueue } from '../../runs/queue.ts';
import type { Uses } from '../../services/services.ts';
import { hasCode, reasonOf } from '../../settings/errors.ts';
import { hubKey } from '../../stacks/key.ts';
import { hubAlone } from '../../stacks/scope.ts';
import type { Holder } from '../../store/database/lease-guard.ts';
import type { Restore, RestoreRule } from '../../store/restores.ts';
import { every, poll } from '../../time/poll.ts';
import { allowing, ipPermissionSchema } from './ip-permission.ts';
import { putBack } from './put-back.ts';

interface RestoreContext extends Uses<{ store: true; aws: 'ec2'; log: true }> {
  readonly runs: Pick<RunQueue, 'request'>;
}

/** One restore under its lease. The signal aborts when the service stops or the lease is lost. */
interface RestoreUnderLease extends RestoreContext {
  readonly signal: AbortSignal;
  readonly lease: Holder;
}

const runPause = 250;

/** Another run may update the hub without the exception; at most this many runs are requested. */
const hubRuns = 5;

/** Requests a run that deploys the stored exceptions to the hub. */
export const requestHubRun = (runs: RestoreContext['runs'], requestedBy: string) =>
  runs.request({ kind: 'reconcile', scope: hubAlone, onlyChanged: true, requestedBy });

/**
 * Runs a restore to its end and records the result. The rules are put back only after the hub has the exception,
 * because it would revoke them again. Idempotent, also after a crash. After an abort nothing more is done and the
 * result of a lost lease is not recorded. While the installation is being uninstalled nothing is done: the restore
 * waits for a reinstall. Throws only when the store or the queue fails.
 */
export function restorer(
  context: RestoreContext,
): (id: string, signal: AbortSignal, lease: Holder) => Promise<void> {
  const { store, log } = context;
  return (id, signal, lease) =>
    cancellable(signal, async () => {
      const restore = await store.restores.get(id);
      if (!restore || restore.finishedAt) return;
      log.info({ restore: id, account: restore.accountId, group: restore.groupId }, 'restore started');
      try {
        await carryOut({ ...context, signal, lease }, restore);
      } catch (error) {
        const isLeft = hasCode(error, 'lease-lost') || (await isUninstalled(context, error));
        if (!signal.aborted && !isLeft) throw error;
        log.info(
          { restore: id, reason: reasonOf(signal.reason ?? error) },
          'restore left to the next worker',
        );
      }
    });
}

/** Whether a step was refused because the installation is being uninstalled. */
const isUninstalled = async ({ store }: RestoreContext, error: unknown): Promise<boolean> =>
  hasCode(error, 'conflict') && (await store.uninstall.isRequested());

async function carryOut(current: RestoreUnderLease, restore: Restore): Promise<void> {
  const { store, runs, log, signal, lease } = current;
  const { id } = restore;
  const reason = (await deployException(current, restore)) ?? (await putAllBack(current, restore));
  signal.throwIfAborted();
  // An uninstall ends the run of the hub: that is no failure of the restore.
  if (reason !== undefined) await store.uninstall.assertInstalled();
  if (reason === undefined) await store.restores.restored(id, lease);
  else {
    await store.restores.failed(id, reason, await stillNeeded(current, id), lease);
    await requestHubRun(runs, `restore ${id} failed`);
  }
  log.info({ restore: id, state: reason === undefined ? 'restored' : 'failed', reason }, 'restore ended');
}

/** The exceptions of a failed restore, reduced to the rules that were put back. */
async function stillNeeded({ store }: RestoreUnderLease, id: string): Promise<Exception[]> {
  const { rules = [], accountId = '' } = (await store.restores.get(id)) ?? {};
  const back = rules.filter(({ restoredAt }) => restoredAt !== null);
  const kept: Exception[] = [];
  for (const [name, same] of Map.groupBy(back, ({ exceptionName }) => exceptionName)) {
    const stored = await store.exceptions.get(name);
    const permissions = same.map(({ undo }) => ipPermissionSchema.parse(undo.ipPermission));
    if (stored) kept.push({ ...stored.exception, allow: allowing(permissions, accountId) });
  }
  return kept;
}

/** Whether the deployed hub has all of these exceptions. */
async function isDeployed({ store }: RestoreUnderLease, { rules }: Restore): Promise<boolean> {
  const hub = await store.stacks.get(hubKey);
  return (
    hub?.conditions.Ready?.status === 'True' &&
    hub.operationStartedAt === null &&
    rules.every(({ exceptionName }) => hub.exceptions.includes(exceptionName))
  );
}

/** Why the hub does not have the exception; undefined once it does. */
async function deployException(current: RestoreUnderLease, restore: Restore): Promise<string | undefined> {
  const { store, runs, signal, lease } = current;
  if (restore.state !== 'pending') return undefined;
  for (let left = hubRuns; !(await isDeployed(current, restore)); left -= 1) {
    signal.throwIfAborted();
    await store.uninstall.assertInstalled();
    if (left === 0) return 'the hub was updated several times without the exception';
    const { id } = await requestHubRun(runs, `restore ${restore.id}`);
    const failure = await deploymentFailure(current, id);
    if (failure) return `the hub could not be updated with the exception: ${failure} (run ${id})`;
  }
  signal.throwIfAborted();
  await store.restores.exceptionDeployed(restore.id, lease);
  return undefined;
}

/** Waits for a run's end. Returns the hub's failure in it, if any. */
async function deploymentFailure(
  { store, signal }: RestoreUnderLease,
  id: string,
): Promise<string | undefined> {
  const ended = async () => {
    const run = await store.runs.get(id);
    return run?.finishedAt ? run : undefined;
  };
  const run = await poll(every(runPause), ended, { signal });
  const hub = (await store.runStacks.of(id)).find(({ key }) => key === hubKey);
  if (hub?.state === 'succeeded' || hub?.state === 'unchanged') return undefined;
  return hub?.message ?? run?.message ?? 'the run ended before it reached the hub';
}

/** Why a rule could not be put back; undefined once all are. */
async function putAllBack(current: RestoreUnderLease, restore: Restore): Promise<string | undefined> {
  for (const rule of restore.rules) {
    if (rule.restoredAt) continue;
    current.signal.throwIfAborted();
    await current.store.uninstall.assertInstalled();
    const reason = (await refusal(current, rule)) ?? (await putOneBack(current, restore, rule));
    if (reason) return `${rule.ruleId}: ${reason}`;
  }
  return undefined;
}

/** Why the exception no longer applies: it may have been ended or have expired meanwhile. */
async function refusal(
  { store }: RestoreUnderLease,
  { exceptionName }: RestoreRule,
): Promise<string | undefined> {
  const stored = await store.exceptions.get(exceptionName);
  if (!stored || stored.endedAt) return `exception ${exceptionName} was ended by ${stored?.endedBy}`;
  const { expires } = stored.exception;
  return expires !== undefined && Date.parse(expires) <= Date.now()
    ? `exception ${exceptionName} has expired`
    : undefined;
}

async function putOneBack(
  { store, aws, signal, lease }: RestoreUnderLease,
  { id, accountId, region, groupId }: Restore,
  { ruleId, undo }: RestoreRule,
): Promise<string | undefined> {
  let restored: string;
  try {
    restored = await putBack(await aws.ec2(accountId, region), groupId, undo, signal);
  } catch (error) {
    signal.throwIfAborted();
    return describe(error, groupId);
  }
  signal.throwIfAborted();
  await store.restores.putBack(id, ruleId, restored, lease);
  return undefined;
}

function describe(error: unknown, groupId: string): string {
  const name = error instanceof Error ? error.name : '';
  if (name === 'InvalidGroup.NotFound') return `the security group ${groupId} does not exist`;
  return isDenied(error)
    ? `the access role may not put it back; docs/deployer-policy.json has the permissions: ${reasonOf(error)}`
    : reasonOf(error);
}
