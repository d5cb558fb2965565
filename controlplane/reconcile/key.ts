import { cancellable } from '../aws/throttle.ts';
import { fleetFrom } from '../organization/fleet.ts';
import type { ReconcileKey } from '../queue/key-worker.ts';
import type { Lease } from '../queue/leases.ts';
import { type Result, requeueAfter } from '../queue/result.ts';
import type { Fleet } from '../stacks/desired.ts';
import { awaited, hubKey, organizationKey, placeOfKey, type StackKey } from '../stacks/key.ts';
import { reconcileAccount } from './account.ts';
import type { ReconcileContext, ReconcileServices } from './context.ts';
import { reconcileHub } from './hub.ts';
import {
  type OrganizationContext,
  type OrganizationFact,
  organizationFact,
  reconcileOrganization,
} from './organization.ts';
import { reconcileRegion } from './region.ts';
import { endRuns } from './report.ts';
import { reconcileUninstall } from './uninstall.ts';

/** Delay before a hub of another installation is read again, milliseconds. */
const foreignRetryMs = 60_000;

async function knownFleet({
  store,
  aws,
  settings,
  programVersion,
}: ReconcileServices): Promise<Fleet | undefined> {
  const fact = await store.facts.get<OrganizationFact>(organizationFact);
  return fact && fleetFrom(aws, settings, fact.value, programVersion);
}

/** Offboards the key if it left scope, and ends the runs' wait for it. */
async function offboardKey(context: ReconcileContext): Promise<Result | undefined> {
  const result = await context.offboarding?.reconcile(context.key, context.lease);
  if (!result) return undefined;
  const message = 'message' in result ? result.message : 'no longer in scope';
  await endRuns(context, 'skipped', message);
  return result;
}

/** As log fields: one run as `run`, several as `runs`. */
function runsOf(requests: ReconcileContext['requests']): { run?: string; runs?: string[] } {
  const ids = requests.map(({ run }) => run.id);
  const [run] = ids;
  if (run === undefined) return {};
  return ids.length === 1 ? { run } : { runs: ids };
}

async function reconcileStackKey(
  services: ReconcileServices,
  key: StackKey,
  lease: Lease,
  previewed: boolean,
): Promise<Result> {
  const fleet = await knownFleet(services);
  if (!fleet) {
    await services.queue.enqueue([organizationKey]);
    return requeueAfter(2_000, 'Waiting', 'the organization was not read yet');
  }
  const asked = await services.store.runStacks.requests(key);
  const requests = asked.filter(({ run }) => (run.kind === 'preview') === previewed);
  // The preview was cancelled. Going on would be a reconcile, which makes changes.
  if (previewed && requests.length === 0) return { kind: 'ok' };
  const log = services.log.child({ key, ...runsOf(requests) });
  const context: ReconcileContext = { ...services, key, lease, requests, log };

  if (key === hubKey) return reconcileHub(context, fleet);
  const leaving = previewed ? undefined : await offboardKey(context);
  if (leaving) return leaving;
  return key.startsWith('account-') ? reconcileAccount(context, fleet) : reconcileRegion(context, fleet);
}

/** Skips a key because the hub belongs to another installation. Runs that wait for it end with that reason. */
async function refuse(
  { store, log }: ReconcileServices,
  { key: name, lease, message }: { key: string; lease: Lease; message: string },
): Promise<Result> {
  log.error({ key: name }, message);
  if (name !== organizationKey) {
    const key = name as StackKey;
    await endRuns({ store, key, lease, requests: await store.runStacks.requests(key) }, 'failed', message);
  }
  return { kind: 'terminal', reason: 'OtherInstallation', message, requeueAfterMs: foreignRetryMs };
}

/** The reconcile function of every key. Level-triggered: desired and observed state are read again each time. */
export function keyReconciler(context: OrganizationContext): ReconcileKey {
  const reconcile: ReconcileKey = async (waiting, lease) => {
    const { key, previewed } = awaited(waiting);
    const message = await context.installation?.refusal();
    if (message) return refuse(context, { key, lease, message });
    const uninstall = await context.store.uninstall.get();
    if (uninstall && previewed) return { kind: 'ok' };
    if (uninstall)
      return reconcileUninstall(context, uninstall, { key, lease, fleet: await knownFleet(context) });
    if (key === organizationKey) return reconcileOrganization(context, lease);
    if (key === hubKey || placeOfKey(key)) {
      return reconcileStackKey(context, key as StackKey, lease, previewed);
    }
    context.log.error({ key }, 'unknown kind of key');
    return { kind: 'ok' };
  };
  return (waiting, lease) => cancellable(lease.signal, () => reconcile(waiting, lease));
}
