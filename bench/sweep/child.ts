// A worker of a sweep as a process of its own: the database's address or a data directory, the sweep's id, and how much
// at once. Sends its memory ten times a second, and ends when the sweep has ended.
import { setTimeout as rest } from 'node:timers/promises';
import { awsClients } from '../../controlplane/aws/clients.ts';
import { openDatabase } from '../../controlplane/store/database/database.ts';
import { recordReadings } from '../../controlplane/store/findings/readings.ts';
import { openStore } from '../../controlplane/store/store.ts';
import { carryOut } from '../../controlplane/sweep/fleet/carry-out.ts';
import { reader } from '../../controlplane/sweep/fleet/reader.ts';
import { againAfter } from '../../controlplane/sweep/fleet/retry.ts';
import { leaver } from '../../controlplane/sweep/hand-over/leave.ts';
import { makeLogger } from '../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../controlplane/telemetry/metrics.ts';
import { policyDigest } from '../../lambda/policy/parse.ts';
import { sweptPolicy } from './sample.ts';

/** What a worker reports, bytes. */
export type SweepMemory = { readonly rss: number } | { readonly idle: number };

const [place = '', id = '', parallel = '32', patience = '1'] = process.argv.slice(2);
const isUrl = place.startsWith('postgres');
const report = (memory: SweepMemory) => process.send?.(memory);
const settings = {
  ...{ hub: { accountId: '222222222222', region: 'eu-west-1' }, accessRole: 'OrganizationAccountAccessRole' },
  ...{ sweepParallel: Number(parallel), sweepHours: 24, securityHub: false },
};
const database = await openDatabase(
  { databaseUrl: isUrl ? place : undefined, data: isUrl ? '' : place },
  (error) => console.error(error.message),
);
const store = openStore(database);
const aws = awsClients(settings);
if (database.kind === 'pglite') await store.sweeps.release();
await aws.caller();
report({ idle: process.memoryUsage.rss() });
const reporting = setInterval(() => report({ rss: process.memoryUsage.rss() }), 100);
const policy = { policy: sweptPolicy, digest: policyDigest(sweptPolicy), accounts: {} };
const context = {
  ...{ store, settings, database, meter: silentMeter, log: makeLogger('error') },
  policy: async () => policy,
  ...reader({ aws, settings, store }),
  againAfter: (attempts: number, reason: string) => {
    const again = againAfter(attempts, reason);
    return again === undefined ? undefined : again * Number(patience);
  },
  record: recordReadings,
  leave: leaver({ partition: 'aws', securityHub: false }),
  stopping: new AbortController().signal,
};
while (!(await store.sweeps.get(id))?.finishedAt) {
  await carryOut(context, id);
  await rest(100);
}
clearInterval(reporting);
await database.close();
process.disconnect?.();
process.exit(0);
