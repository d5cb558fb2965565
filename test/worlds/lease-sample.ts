import { type Lease, openLeases } from '../../controlplane/queue/leases.ts';
import type { Database } from '../../controlplane/store/database/database.ts';
import { makeLogger } from '../../controlplane/telemetry/log.ts';

/** Does something as the holder of a key. */
export async function asHolder<T>(
  database: Pick<Database, 'query' | 'transaction'>,
  key: string,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  const leases = openLeases(database, makeLogger('silent'));
  const [lease] = await leases.acquire([{ key }]);
  if (!lease) throw new Error(`${key} has another holder`);
  try {
    return await work(lease);
  } finally {
    await leases.release([lease]);
    await leases.stop();
  }
}
