import { randomUUID } from 'node:crypto';
import { PortcullisError } from '../../settings/errors.ts';
import type { Scope } from '../../stacks/scope.ts';
import type { Sweep } from '../../store/sweeps/sweep.ts';
import type { SweepContext } from '../context.ts';
import { accountsOf } from './scope.ts';

/** The part of a period over which its accounts are spread: the rest is for retries. */
const spread = 0.9;
const automatic = 'portcullis';

/** Sweeps are requested by a person and by the clock. Each is recorded before it is sent to the queue. */
export function sweepRequests(
  { store, settings, policy }: SweepContext,
  send: (id: string) => Promise<void>,
) {
  const known = async (id: string): Promise<Sweep> => {
    const sweep = await store.sweeps.get(id);
    if (!sweep) throw new PortcullisError('not-found', `sweep ${id} does not exist`);
    return sweep;
  };
  return {
    async request(scope: Scope, requestedBy: string): Promise<Sweep> {
      const accounts = accountsOf(await store.accounts.list(), scope);
      const { digest: policyDigest } = await policy();
      const id = randomUUID();
      await store.sweeps.request({ id, scope, requestedBy, policyDigest, spreadSeconds: 0 }, accounts);
      await send(id);
      return known(id);
    },
    async cancel(id: string, who: string): Promise<Sweep> {
      await known(id);
      if (!(await store.sweeps.cancel(id, who)))
        throw new PortcullisError('conflict', `sweep ${id} has ended already`);
      return known(id);
    },
    /** Begins the clock's sweep once in a period, spread over it. */
    async sweepDue(): Promise<void> {
      const accounts = await store.accounts.list();
      if (await store.uninstall.isRequested()) return;
      if (!accounts.some(({ state, regions }) => state === 'ACTIVE' && regions.length > 0)) return;
      const { digest: policyDigest } = await policy();
      const periodSeconds = settings.sweepHours * 3_600;
      const asked = { id: randomUUID(), scope: {}, requestedBy: automatic, policyDigest };
      const spreadSeconds = periodSeconds * spread;
      if (
        await store.sweeps.requestScheduled(
          { ...asked, spreadSeconds },
          accountsOf(accounts, {}),
          periodSeconds,
        )
      )
        await send(asked.id);
    },
  };
}
