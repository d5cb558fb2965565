import { setTimeout as rest } from 'node:timers/promises';
import { isTransient } from '../aws/errors.ts';
import { requireRegions } from '../organization/scope.ts';
import { backoffMs } from '../queue/result.ts';
import type { ReconcileServices } from '../reconcile/context.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import { hubKey, previewOf } from '../stacks/key.ts';
import type { Run } from '../store/runs.ts';
import { planRun } from './plan.ts';
import { nextStep } from './progress.ts';

const tickMs = 200;

/** The reason why accounts of this run cannot be wired to the hub; undefined when they can. */
async function hubFailure({ store }: ReconcileServices, id: string): Promise<string | undefined> {
  if ((await store.runStacks.state(id, hubKey)) !== 'failed') return undefined;
  const hub = await store.stacks.get(hubKey);
  // Desired state of the hub is unknown, but the deployed hub is usable.
  const asBefore = hub?.conditions.Ready?.reason === 'PrerequisiteFailed' && hub.generation !== null;
  return asBefore ? undefined : 'the hub stack failed';
}

/** The result of a run whose stacks have all ended. */
async function conclude(
  { store }: ReconcileServices,
  run: Run,
  failed: number,
  unreachable: number,
): Promise<void> {
  const short = [failed > 0 && `${failed} failed`, unreachable > 0 && `${unreachable} could not be reached`];
  if (failed + unreachable > 0) return store.runs.finish(run.id, 'failed', short.filter(Boolean).join(', '));
  const covered = (await store.accounts.list()).filter(
    ({ id }) => !run.scope.accounts || run.scope.accounts.includes(id),
  );
  try {
    requireRegions(covered, run.scope);
  } catch (error) {
    return store.runs.finish(run.id, 'failed', reasonOf(error));
  }
  await store.runs.finish(run.id, 'succeeded', null);
}

const waitingFor = ({ kind }: Run, keys: readonly string[]) =>
  kind === 'preview' ? keys.map(previewOf) : keys;

/** One step of a run. False when the run ended or waits for a person. */
async function step(context: ReconcileServices, id: string): Promise<boolean> {
  const { store, queue } = context;
  const run = await store.runs.get(id);
  if (run?.state !== 'running') return false;
  const counts = await store.runStacks.counts(id);
  const next = nextStep(counts, run.rollout);
  switch (next.do) {
    case 'admit': {
      const failure = next.wave > 0 ? await hubFailure(context, id) : undefined;
      if (failure) await store.runStacks.skipRest(id, failure);
      else {
        const admitted = await store.runStacks.admit(id, next.wave, next.most);
        await queue.enqueue(waitingFor(run, admitted), run.priority);
      }
      return true;
    }
    case 'pause':
      await store.runs.pause(id, next.message);
      await store.runStacks.withdraw(id);
      context.log.error({ run: id, message: next.message }, 'run paused: too many failures');
      return false;
    case 'finish': {
      const unreachable = counts.filter(({ state }) => state === 'unreachable');
      await conclude(
        context,
        run,
        next.failed,
        unreachable.reduce((sum, { count }) => sum + count, 0),
      );
      return false;
    }
    default:
      return true;
  }
}

/** Enqueues admitted keys whose job was lost, as with a restored database. A tried key keeps its backoff. */
async function remind({ store, queue }: ReconcileServices, run: Run): Promise<void> {
  const waiting = await store.runStacks.underWay(run.id);
  const keysOf = (tried: boolean) =>
    waitingFor(
      run,
      waiting.filter(({ begun }) => begun === tried).map(({ key }) => key),
    );
  await queue.enqueue(keysOf(false), run.priority);
  await queue.enqueueAfter(keysOf(true).map((key) => ({ key, afterMs: 0, priority: run.priority })));
}

const remindMs = 30_000;
const planTries = 8;

/** Whether the run is planned. A run that cannot be planned has failed, except after a transient failure. */
async function plan(context: ReconcileServices, run: Run, signal: AbortSignal): Promise<boolean> {
  const { store } = context;
  for (;;) {
    try {
      await planRun(context, run, signal);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof PortcullisError && error.code === 'store-unreachable') throw error;
      const tries = await store.runs.planFailed(run.id);
      if (tries >= planTries || !isTransient(reasonOf(error))) {
        await store.runStacks.skipRest(run.id, 'the run failed');
        await store.runs.finish(run.id, 'failed', reasonOf(error));
        return false;
      }
      await rest(backoffMs(tries, Math.random, 500), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** All state is in the store, so the next worker continues. @throws only when the store fails */
export async function advanceRun(context: ReconcileServices, id: string, signal: AbortSignal): Promise<void> {
  const { store } = context;
  await store.runs.start(id);
  const run = await store.runs.get(id);
  if (run?.state !== 'running') return;
  if (!run.plannedAt && !(await plan(context, run, signal))) return;
  // The previous worker may have died between admitting and enqueuing keys, and a pause may have delayed
  // them.
  const begun = await store.runStacks.underWay(id);
  const keys = begun.map(({ key }) => key);
  await context.queue.enqueue(waitingFor(run, keys), run.priority);
  let reminded = performance.now();
  while (!signal.aborted && (await step(context, id))) {
    await rest(tickMs, undefined, { signal }).catch(() => undefined);
    if (performance.now() - reminded > remindMs) {
      await remind(context, run);
      reminded = performance.now();
    }
  }
}
