import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Settings } from './environment.ts';
import { PortcullisError, reasonOf } from './errors.ts';
import type { Logger } from './log.ts';
import { programVersion } from './program-version.ts';
import type { Store } from './store/store.ts';
import type { Unwinder } from './unwinder.ts';

const seenMs = 15_000;

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

/** Names what has to be the same for all workers of a database, or they would undo each other's work. */
const settingsDigest = ({
  hub,
  layout,
  regions,
  accessRole,
  narrowing,
  securityHub,
  secretsProvider,
}: Settings) =>
  digest([hub, layout, regions, accessRole, narrowing, securityHub, secretsProvider, programVersion()]);

interface Joining {
  readonly store: Pick<Store, 'workers'>;
  readonly settings: Settings;
  readonly log: Logger;
  readonly parts: Unwinder;
  /** Told how many workers share what is limited, now and then. */
  readonly onShare?: (workers: number) => void;
}

/**
 * Becomes one of the workers of the database, and says so until the parts are closed.
 * @throws PortcullisError `in-use` where others that live keep their Pulumi state elsewhere: a stack would be made twice.
 */
export async function joinWorkers({ store, settings, log, parts, onShare }: Joining): Promise<void> {
  const mine = {
    id: randomUUID(),
    host: hostname(),
    processId: process.pid,
    stateDigest: digest(settings.state),
    settingsDigest: settingsDigest(settings),
  };
  const others = await store.workers.living();
  const elsewhere = others.find(({ stateDigest }) => stateDigest !== mine.stateDigest);
  if (elsewhere) {
    throw new PortcullisError(
      'in-use',
      `a control plane on ${elsewhere.host} (process ${elsewhere.processId}) works on this database with its Pulumi state elsewhere; set PORTCULLIS_STATE to the same for all, such as s3://… or postgres://…, or stop it and wait a minute`,
    );
  }
  const unlike = others.find((other) => other.settingsDigest !== mine.settingsDigest);
  if (unlike)
    log.warn(
      { host: unlike.host, processId: unlike.processId },
      'another worker has other settings or programs',
    );
  const tell = async () => {
    try {
      await store.workers.seen(mine);
      onShare?.(Math.max(1, (await store.workers.living()).length));
    } catch (error) {
      log.warn({ error: reasonOf(error) }, 'worker not seen');
    }
  };
  await store.workers.seen(mine);
  await tell();
  const timer = setInterval(tell, seenMs);
  parts.opened('worker registry', async () => {
    clearInterval(timer);
    await store.workers.gone(mine.id);
  });
}
