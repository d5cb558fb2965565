import type { Result } from '../queue/result.ts';
import { type DesiredStack, desiredAccount, type Fleet } from '../stacks/desired.ts';
import { accountKey, placeOfKey } from '../stacks/key.ts';
import { releaseOf } from '../stacks/release.ts';
import { isMade } from '../store/stacks.ts';
import { hubIsThere, waitForHub } from './account.ts';
import { noteAccountReady } from './account-conditions.ts';
import { isPreview, type ReconcileContext } from './context.ts';
import { isTrailDenied, leaveDeniedRegion } from './denied.ts';
import { endRuns } from './report.ts';
import { actOnStack } from './stack.ts';

const skip = async (context: ReconcileContext, message: string): Promise<Result> => {
  await endRuns(context, 'skipped', message);
  return { kind: 'ok' };
};

/** Needs no inspection: the account's reconcile inspects its Regions and enqueues those with work. */
export async function reconcileRegion(context: ReconcileContext, fleet: Fleet): Promise<Result> {
  const { store, aws, key, settings } = context;
  const { accountId = '' } = placeOfKey(key) ?? {};
  const account = await store.accounts.get(accountId);
  if (!account) return skip(context, 'the account is not in the organization');
  // After a change of layout the account's stack covers the Region; the Region stack stays as it is.
  if (settings.layout === 'account') return skip(context, "the account's own stack covers its Regions");
  const accessRoleArn = await aws.accessRoleArn(accountId);
  const desired = desiredAccount(fleet, { id: accountId, accessRoleArn, regions: account.regions });
  const own: DesiredStack | undefined = desired.regions.find((each) => each.key === key);
  if (!own) return skip(context, 'the Region is not enabled in the account or is out of scope');
  if (!isPreview(context)) {
    if (!(await hubIsThere(context))) return waitForHub(context);
    // Its rules use the account's forwarder role. The account enqueues its Regions when it is ready.
    if (!isMade(await store.stacks.get(accountKey(accountId))))
      return skip(context, `${accountKey(accountId)} does not exist yet`);
  }
  const { trail } = account.regions.find(({ region }) => region === own.arguments.place.region) ?? {};
  const denied = await leaveDeniedRegion(context, own, trail);
  const { result, outcome } = denied
    ? { result: denied, outcome: 'held' }
    : await actOnStack(context, async () => own, { release: releaseOf(fleet) });
  // The trail check was denied too: what it says now is read with the account.
  const isOpen = outcome === 'succeeded' || outcome === 'unchanged';
  if (isOpen && isTrailDenied(trail)) await context.queue.enqueue([accountKey(accountId)]);
  if (!isPreview(context)) {
    await noteAccountReady(
      store,
      accountId,
      [desired.account, ...desired.regions].map((each) => each.key),
    );
  }
  return result;
}
