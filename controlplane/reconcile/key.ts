import { cancellable } from '../aws/throttle.ts';
import { fleetFrom } from '../organization/fleet.ts';
import type { ReconcileKey } from '../queue/key-worker.ts';
import type { Lease } from '../queue/leases.ts';
import type { Verdict } from '../queue/result.ts';
import type { Fleet } from '../stacks/desired.ts';
import { awaited, hubKey, organizationKey, placeOfKey, type StackKey } from '../stacks/key.ts';
import { reconcileAccount } from './account.ts';
import type { Parts, Pass } from './context.ts';
import { reconcileHub } from './hub.ts';
import {
  type OrganizationFact,
  type OrganizationParts,
  organizationFact,
  reconcileOrganization,
} from './organization.ts';
import { reconcileRegion } from './region.ts';

async function knownFleet({ store, aws, settings, programVersion }: Parts): Promise<Fleet | undefined> {
  const fact = await store.facts.get<OrganizationFact>(organizationFact);
  return fact && fleetFrom(aws, settings, fact.value, programVersion);
}

/** Whatever departs ends the runs' wait for it. */
async function departing(pass: Pass): Promise<Verdict | undefined> {
  const { departures, requests, store, key, lease } = pass;
  const verdict = await departures?.reconcile(key, lease);
  if (!verdict) return undefined;
  const message = 'message' in verdict ? verdict.message : 'not covered any more';
  for (const { run } of requests)
    await store.runStacks.end(run.id, key, { state: 'skipped', message }, lease);
  return verdict;
}

/** The runs that a key is worked on for, as log lines name them: one as `run`, several as `runs`. */
function runsOf(requests: Pass['requests']): { run?: string; runs?: string[] } {
  const ids = requests.map(({ run }) => run.id);
  const [run] = ids;
  if (run === undefined) return {};
  return ids.length === 1 ? { run } : { runs: ids };
}

async function reconcileStackKey(
  parts: Parts,
  key: StackKey,
  lease: Lease,
  previewed: boolean,
): Promise<Verdict> {
  const fleet = await knownFleet(parts);
  if (!fleet) {
    await parts.queue.wake([organizationKey]);
    return { kind: 'wait', ms: 2_000, reason: 'Waiting', message: 'the organization was not read yet' };
  }
  const asked = await parts.store.runStacks.requests(key);
  const requests = asked.filter(({ run }) => (run.kind === 'preview') === previewed);
  // It was cancelled; what is left would be a look, which changes what it finds.
  if (previewed && requests.length === 0) return { kind: 'done' };
  const log = parts.log.child({ key, ...runsOf(requests) });
  const pass: Pass = { ...parts, key, lease, requests, log };

  if (key === hubKey) return reconcileHub(pass, fleet);
  const leaving = previewed ? undefined : await departing(pass);
  if (leaving) return leaving;
  return key.startsWith('account-') ? reconcileAccount(pass, fleet) : reconcileRegion(pass, fleet);
}

/** The reconcile of any key: what should be is read and computed anew each time, whoever woke the key and why. */
export function keyReconciler(parts: OrganizationParts): ReconcileKey {
  const reconcile: ReconcileKey = async (waiting, lease) => {
    const { key, previewed } = awaited(waiting);
    if (key === organizationKey) return reconcileOrganization(parts, lease);
    if (key === hubKey || placeOfKey(key)) {
      return reconcileStackKey(parts, key as StackKey, lease, previewed);
    }
    parts.log.error({ key }, 'no such kind of key');
    return { kind: 'done' };
  };
  return (waiting, lease) => cancellable(lease.signal, () => reconcile(waiting, lease));
}
