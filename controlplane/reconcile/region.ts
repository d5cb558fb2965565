import type { Result } from '../queue/result.ts';
import { type DesiredStack, desiredAccount, type Fleet } from '../stacks/desired.ts';
import { accountKey, placeOfKey } from '../stacks/key.ts';
import { releaseOf } from '../stacks/release.ts';
import { hubIsThere, waitForHub } from './account.ts';
import { noteAccountReady } from './account-conditions.ts';
import type { ReconcileContext } from './context.ts';
import { actOnStack } from './stack.ts';

const skip = async ({ store, key, lease, requests }: ReconcileContext, message: string): Promise<Result> => {
  for (const { run } of requests)
    await store.runStacks.end(run.id, key, { state: 'skipped', message }, lease);
  return { kind: 'ok' };
};

/**
 * Reconciles one cell, as its account was last seen. The account's own reconcile looks at it again and wakes the
 * Regions that have something to do, so this has no look of its own.
 */
export async function reconcileRegion(context: ReconcileContext, fleet: Fleet): Promise<Result> {
  const { store, aws, key, requests, settings } = context;
  const { accountId = '' } = placeOfKey(key) ?? {};
  const account = await store.accounts.get(accountId);
  if (!account) return skip(context, 'the account is not in the organization');
  // A move between layouts takes the account's stack; what the other layout made is left alone.
  if (settings.layout === 'account') return skip(context, "the account's own stack covers its Regions");
  const accessRoleArn = await aws.accessRoleArn(accountId);
  const desired = desiredAccount(fleet, { id: accountId, accessRoleArn, regions: account.regions });
  const own: DesiredStack | undefined = desired.regions.find((each) => each.key === key);
  if (!own) return skip(context, 'the Region is not enabled in the account, or not to be covered');
  const previewOnly = requests.length > 0 && requests.every(({ run }) => run.kind === 'preview');
  if (!previewOnly) {
    if (!(await hubIsThere(context))) return waitForHub(context);
    // Its rules use the account's forwarder role. The account wakes its Regions once it is made.
    const made = (await store.stacks.get(accountKey(accountId)))?.generation ?? null;
    if (made === null) return skip(context, `${accountKey(accountId)} is not made yet`);
  }
  const { result } = await actOnStack(context, async () => own, { release: releaseOf(fleet) });
  if (!previewOnly) {
    await noteAccountReady(
      store,
      accountId,
      [desired.account, ...desired.regions].map((each) => each.key),
    );
  }
  return result;
}
