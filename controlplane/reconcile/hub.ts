import type { Result } from '../queue/result.ts';
import type { Fleet } from '../stacks/desired.ts';
import { desiredHub } from '../stacks/desired.ts';
import { isWholeOrganization } from '../stacks/scope.ts';
import { hubIsThere } from './account.ts';
import type { ReconcileContext } from './context.ts';
import { actOnStack } from './stack.ts';

/** A policy that two workers have by now ends the wait at once: whichever sees it wakes the hub. */
const mismatchRetryMs = 30_000;

/**
 * Why the hub stays as it is while workers differ: each would put its own policy there. Runs go on with the hub that is
 * made; one that is not made is waited for.
 */
async function heldBack(context: ReconcileContext): Promise<Result | undefined> {
  const { store, key, lease, log } = context;
  const message = await context.configurationMismatch?.();
  if (!message) return undefined;
  log.warn(message);
  const requests = (await hubIsThere(context))
    ? context.requests.filter(({ run }) => run.kind === 'reconcile')
    : [];
  for (const { run } of requests)
    await store.runStacks.end(run.id, key, { state: 'skipped', message }, lease);
  return { kind: 'requeueAfter', requeueAfterMs: mismatchRetryMs, reason: 'Waiting', message };
}

/**
 * Reconciles the hub stack: the policy in force, the stored exceptions, and what accounts it asks for. It waits
 * while workers differ, but for previews.
 */
export async function reconcileHub(given: ReconcileContext, fleet: Fleet): Promise<Result> {
  const { aws, settings, hubBundle } = given;
  const held = await heldBack(given);
  // A run about a part of the organization needs the hub, and leaves it alone where it is as it should be.
  const requests = given.requests
    .filter(({ run }) => !held || run.kind === 'preview')
    .map(({ run, ...rest }) => ({
      ...rest,
      run: isWholeOrganization(run.scope) ? run : { ...run, onlyChanged: true },
    }));
  if (held && requests.length === 0) return held;
  const pass = { ...given, requests };
  const named = await accountsNamed(pass);
  const preview = requests.some(({ run }) => run.kind === 'preview');
  const { result } = await actOnStack(
    pass,
    async () => {
      const { bundle, exceptions } = await hubBundle(named, { preview });
      const accessRoleArn = await aws.accessRoleArn(settings.hub.accountId);
      const installationId = await given.installation?.id();
      return { ...desiredHub(fleet, bundle, accessRoleArn, installationId), exceptions };
    },
    { release: undefined, requeueAfterMs: settings.sweepMinutes * 60_000 },
  );
  return held ?? result;
}

/** The accounts that runs are about, whose tags are read anew where the policy asks for any. */
async function accountsNamed({ store, requests }: ReconcileContext): Promise<string[]> {
  if (requests.length === 0) return [];
  const accounts = await store.accounts.list();
  const isNamed = (id: string, parents: readonly string[]) =>
    requests.some(
      ({ run: { scope } }) =>
        (!scope.accounts || scope.accounts.includes(id)) &&
        (!scope.organizationalUnits || scope.organizationalUnits.some((unit) => parents.includes(unit))),
    );
  return accounts.filter(({ id, parents }) => isNamed(id, parents)).map(({ id }) => id);
}
