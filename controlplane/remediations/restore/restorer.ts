import { setTimeout as pause } from 'node:timers/promises';
import type { Aws } from '../../aws/clients.ts';
import { isDenied } from '../../aws/errors.ts';
import type { RunQueue } from '../../runs/queue.ts';
import { reasonOf } from '../../settings/errors.ts';
import { hubKey } from '../../stacks/key.ts';
import { hubAlone } from '../../stacks/scope.ts';
import type { Restore, RestoreRule } from '../../store/restores.ts';
import type { Store } from '../../store/store.ts';
import type { Logger } from '../../telemetry/log.ts';
import { putBack } from './put-back.ts';

interface RestoreContext {
  readonly store: Store;
  readonly aws: Pick<Aws, 'ec2'>;
  readonly runs: Pick<RunQueue, 'request'>;
  readonly log: Logger;
  /** Aborted when the service stops; a restore under way is then left for the next start. */
  readonly stopping: AbortSignal;
}

const runPause = 250;

/** A run of the hub can pass another that is under way; more often than this it does not. */
const hubRuns = 5;

/** Asks for a run that makes the hub carry the stored exceptions as they are now. */
export const requestHubRun = (runs: RestoreContext['runs'], requestedBy: string) =>
  runs.request({ kind: 'reconcile', scope: hubAlone, onlyChanged: true, requestedBy });

/**
 * Carries a restore out to its end and records it. First the hub, which else would close the rules again: only once it
 * is known to carry the exceptions are the rules put back. May be called again at any point, after a crash too:
 * nothing is done twice. Throws only where the store or the queue fails.
 */
export function restorer(context: RestoreContext): (id: string) => Promise<void> {
  const { store, runs, log } = context;
  return async (id) => {
    const restore = await store.restores.get(id);
    if (!restore || restore.finishedAt) return;
    log.info({ restore: id, account: restore.accountId, group: restore.groupId }, 'restore under way');
    let reason: string | undefined;
    try {
      reason = (await deployExceptions(context, restore)) ?? (await putAllBack(context, restore));
    } catch (error) {
      if (context.stopping.aborted) return;
      throw error;
    }
    if (reason === undefined) await store.restores.restored(id);
    else {
      await store.restores.failed(id, reason);
      await requestHubRun(runs, `restore ${id} failed`);
    }
    log.info({ restore: id, state: reason === undefined ? 'restored' : 'failed', reason }, 'restore ended');
  };
}

/** Whether the hub as it is deployed carries all of these exceptions. */
async function isDeployed({ store }: RestoreContext, { rules }: Restore): Promise<boolean> {
  const hub = await store.stacks.get(hubKey);
  return (
    hub?.conditions.Ready?.status === 'True' &&
    hub.operationStartedAt === null &&
    rules.every(({ exceptionName }) => hub.exceptions.includes(exceptionName))
  );
}

/** Why the hub does not carry the exceptions, or nothing once it does. */
async function deployExceptions(context: RestoreContext, restore: Restore): Promise<string | undefined> {
  const { store, runs } = context;
  if (restore.state !== 'pending') return undefined;
  for (let left = hubRuns; !(await isDeployed(context, restore)); left -= 1) {
    context.stopping.throwIfAborted();
    if (left === 0) return 'the hub was updated again and again without the exception';
    const { id } = await requestHubRun(runs, `restore ${restore.id}`);
    const failure = await deploymentFailure(context, id);
    if (failure) return `the hub could not be updated with the exception: ${failure} (run ${id})`;
  }
  await store.restores.exceptionDeployed(restore.id);
  return undefined;
}

/** Waits for a run's end; what went wrong with the hub in it, if anything did. */
async function deploymentFailure(
  { store, stopping }: RestoreContext,
  id: string,
): Promise<string | undefined> {
  for (;;) {
    const run = await store.runs.get(id);
    if (run?.finishedAt) {
      const hub = (await store.runStacks.of(id)).find(({ key }) => key === hubKey);
      if (hub?.state === 'succeeded' || hub?.state === 'unchanged') return undefined;
      return hub?.message ?? run.message ?? 'the run ended before it came to the hub';
    }
    await pause(runPause, undefined, { signal: stopping });
  }
}

/** Why a rule could not be put back, or nothing once all are there. */
async function putAllBack(context: RestoreContext, restore: Restore): Promise<string | undefined> {
  for (const rule of restore.rules) {
    if (rule.restoredAt) continue;
    context.stopping.throwIfAborted();
    const reason = (await refusal(context, rule)) ?? (await putOneBack(context, restore, rule));
    if (reason) return `${rule.ruleId}: ${reason}`;
  }
  return undefined;
}

/** Why the rule's exception no longer lets it be put back, if so: somebody may have ended it meanwhile. */
async function refusal(
  { store }: RestoreContext,
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
  { store, aws }: RestoreContext,
  { id, accountId, region, groupId }: Restore,
  { ruleId, undo }: RestoreRule,
): Promise<string | undefined> {
  let restored: string;
  try {
    restored = await putBack(await aws.ec2(accountId, region), groupId, undo);
  } catch (error) {
    return describe(error, groupId);
  }
  await store.restores.putBack(id, ruleId, restored);
  return undefined;
}

function describe(error: unknown, groupId: string): string {
  const name = error instanceof Error ? error.name : '';
  if (name === 'InvalidGroup.NotFound') return `the security group ${groupId} is gone`;
  return isDenied(error)
    ? `the access role may not put it back; docs/deployer-policy.json has what it needs: ${reasonOf(error)}`
    : reasonOf(error);
}
