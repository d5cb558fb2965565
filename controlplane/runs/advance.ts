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

/** How a hub that failed in this run leaves accounts that are to be wired to it. */
async function hubFailure({ store }: ReconcileServices, id: string): Promise<string | undefined> {
  if ((await store.runStacks.state(id, hubKey)) !== 'failed') return undefined;
  const hub = await store.stacks.get(hubKey);
  // It could not be told what the hub should be; the one that was made last is there.
  const asBefore = hub?.conditions.Ready?.reason === 'PrerequisiteFailed' && hub.generation !== null;
  return asBefore ? undefined : 'the hub stack failed';
}

/** Whether the run came to what it was about, once all of its stacks have ended. */
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

/** One step of a run. False once there is nothing more to do here: it ended, or waits for a person. */
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
      context.log.error({ run: id, message: next.message }, 'run paused by its failures');
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

/**
 * Keys that were admitted and whose job got lost, as in a database restored from a backup, are woken again now and
 * then: a run never waits for a key that nobody has in hand, or that waits for its next look by the clock. One that was
 * tried before waits for its own time, unless it waits for none.
 */
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

/** Whether the run is planned; one that cannot be has failed, unless AWS was only disturbed for a while. */
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

/**
 * Carries a run on until it has ended, waits for a person, or the signal says to leave it: all that it knows is in the
 * store, so that the next worker goes on where this one was. @throws only where the store does not answer.
 */
export async function advanceRun(context: ReconcileServices, id: string, signal: AbortSignal): Promise<void> {
  const { store } = context;
  await store.runs.start(id);
  const run = await store.runs.get(id);
  if (run?.state !== 'running') return;
  if (!run.plannedAt && !(await plan(context, run, signal))) return;
  // Whoever had the run before may have died between admitting keys and waking them; a pause may have put them off.
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
