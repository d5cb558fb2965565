import { accountsInScope } from '../organization/scope.ts';
import { now, type ReconcileServices } from '../reconcile/context.ts';
import { recordOrganization } from '../reconcile/organization.ts';
import type { OrganizationAccount } from '../stacks/account.ts';
import { failure, mark } from '../stacks/conditions.ts';
import { accountKey, hubKey } from '../stacks/key.ts';
import { isWholeOrganization } from '../stacks/scope.ts';
import { hubWave } from '../store/run-stacks.ts';
import type { Run } from '../store/runs.ts';
import { wavesOf } from './waves.ts';

/** Marks an account as skipped with the reason. A preview does not change the account's Ready condition. */
async function leaveOut(
  { store }: ReconcileServices,
  run: Run,
  account: OrganizationAccount,
  message: string,
): Promise<void> {
  await store.runStacks.plan(run.id, [accountKey(account.id)], hubWave, 'skipped', message);
  if (run.kind === 'preview') return;
  const before = (await store.accounts.get(account.id))?.conditions ?? {};
  await store.accounts.setConditions(account.id, mark(before, failure('NotActive', message), now()));
}

/**
 * Plans a run: the hub first, then each active account of its scope in its wave. An account's Regions are added after
 * its inspection. Idempotent, also after a crash.
 * @throws PortcullisError when the organization or the scope cannot be read; the run has failed then
 */
export async function planRun(context: ReconcileServices, run: Run, stopping: AbortSignal): Promise<void> {
  const { store } = context;
  const { organization } = await recordOrganization(context);
  stopping.throwIfAborted();
  const accounts = accountsInScope(organization, run.scope);
  const active = accounts.filter(({ state }) => state === 'ACTIVE');
  const covered = (await context.offboarding?.covered(active)) ?? active;
  const waves = wavesOf(run.rollout.waves ?? [], covered, organization.accounts);
  for (const account of accounts.filter((each) => !covered.includes(each))) {
    const why =
      account.state === 'ACTIVE' ? 'the account is out of scope' : `the account is ${account.state}`;
    await leaveOut(context, run, account, `skipped: ${why}`);
  }
  for (const [wave, members] of Map.groupBy(covered, ({ id }) => waves.get(id) ?? 1)) {
    await store.runStacks.plan(
      run.id,
      members.map(({ id }) => accountKey(id)),
      wave,
      'pending',
    );
  }
  await store.runStacks.plan(run.id, [hubKey], hubWave, 'pending');
  if (run.kind === 'reconcile')
    await context.offboarding?.retry(
      isWholeOrganization(run.scope) ? undefined : accounts.map(({ id }) => id),
    );
  await store.runs.planned(run.id);
}
