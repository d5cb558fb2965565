import type { Lease } from '../queue/leases.ts';
import { type Result, requeueAfter, stalledAfter } from '../queue/result.ts';
import { reasonOf } from '../settings/errors.ts';
import { markFailed, markReconciling, markStalled } from '../stacks/conditions.ts';
import { desiredHub, type Fleet } from '../stacks/desired.ts';
import { hubKey, organizationKey, type StackKey } from '../stacks/key.ts';
import { hubAttempt, type Uninstall } from '../store/uninstall.ts';
import { now, type OffboardingHook, type ReconcileServices } from './context.ts';
import { operate } from './operate.ts';

const hour = 3_600_000;
/** How often the hub asks whether it is the last one, milliseconds. */
const hubPatienceMs = 5_000;

interface UninstallContext extends ReconcileServices {
  readonly offboarding: OffboardingHook;
  readonly fleet: Fleet;
}

/** Enqueues every stack that remains: once at the request, and at each start. */
async function uninstallOrganization({ offboarding, queue }: UninstallContext): Promise<Result> {
  await queue.enqueue(await offboarding.uninstallKeys());
  return { kind: 'ok', requeueAfterMs: hour };
}

/** What the engine needs to reach the hub. Its program runs only after a crash, to adopt what was half made. */
async function hubStack({ aws, settings, hubBundle, installation, fleet }: UninstallContext) {
  const { bundle } = await hubBundle([], { preview: true });
  const accessRoleArn = await aws.accessRoleArn(settings.hub.accountId);
  return desiredHub(fleet, bundle, accessRoleArn, await installation?.id());
}

/** Removes the hub once every other stack is removed, or left as it is. Idempotent, also after a crash. */
async function uninstallHub(context: UninstallContext, request: Uninstall, lease: Lease): Promise<Result> {
  const { store, offboarding, log } = context;
  const waits = await offboarding.whyHubWaits(request);
  if (waits) return requeueAfter(hubPatienceMs, 'Waiting', waits);
  const record = await store.stacks.get(hubKey);
  if (record) {
    await store.stacks.begin(hubKey, markReconciling(record.conditions, now()), lease);
    const recover = record.operationStartedAt !== null || lease.taken === 'from-dead';
    try {
      const stack = await hubStack(context);
      await operate(context, lease, { kind: 'destroy', stack, recover, known: true });
    } catch (error) {
      lease.signal.throwIfAborted();
      return hubFailed(context, request, lease, error);
    }
  }
  await store.uninstall.finish(request, lease);
  if (record) log.warn({ key: hubKey }, 'the installation is uninstalled');
  return { kind: 'ok' };
}

async function hubFailed(
  { store, log }: UninstallContext,
  request: Uninstall,
  lease: Lease,
  error: unknown,
): Promise<Result> {
  const message = `could not be destroyed: ${reasonOf(error)}`;
  const conditions = markFailed({}, 'Failed', message, now());
  const stalled = { after: stalledAfter, conditions: markStalled({}, message, now()) };
  const failure = { generation: hubAttempt(request), counted: true, stalled };
  const { failures } = await store.stacks.failed(hubKey, conditions, failure, lease);
  log.warn({ key: hubKey, error: message, failures }, 'stack not destroyed or archived');
  return failures < stalledAfter
    ? { kind: 'error', failures, message }
    : { kind: 'terminal', reason: 'FailedRepeatedly', message, requeueAfterMs: hour };
}

/**
 * The reconcile of every key of an installation that is being uninstalled: nothing is listed, onboarded or deployed.
 * @throws only when the store fails
 */
export async function reconcileUninstall(
  services: ReconcileServices,
  request: Uninstall,
  { key, lease, fleet }: { readonly key: string; readonly lease: Lease; readonly fleet: Fleet | undefined },
): Promise<Result> {
  const { offboarding } = services;
  if (!offboarding || !fleet) return { kind: 'ok', requeueAfterMs: hour };
  const context: UninstallContext = { ...services, offboarding, fleet };
  if (key === organizationKey) return uninstallOrganization(context);
  if (key === hubKey) return uninstallHub(context, request, lease);
  return offboarding.uninstall(request, key as StackKey, lease);
}
