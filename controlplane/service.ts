import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { names, queueUrl } from '../programs/names.ts';
import { type Aws, awsClients } from './aws.ts';
import { lockData } from './data-lock.ts';
import { enginePool } from './engine-pool.ts';
import type { Settings } from './environment.ts';
import { reasonOf } from './errors.ts';
import { application, listen } from './http/server.ts';
import { hubBundler } from './hub-bundle.ts';
import { readPolicyFile } from './hub-policy.ts';
import { intake } from './intake.ts';
import type { Logger } from './log.ts';
import { queueConsumer } from './queue-consumer.ts';
import { reconciler } from './reconcile.ts';
import { restorer } from './restore.ts';
import { type RestoreQueue, restoreQueue } from './restore-queue.ts';
import { type RunQueue, runQueue } from './run-queue.ts';
import { type Database, openDatabase } from './store/database.ts';
import { openStore, type Store } from './store/store.ts';

export const version = '0.1.0';

export interface Service {
  readonly url: string;
  /** Stops taking work, finishes what runs within a minute, and lets go of everything. */
  stop(): Promise<void>;
}

interface ServiceOptions {
  /** Whether it hears lifecycle events and results and sweeps by itself; a one-off command does not. */
  readonly standing: boolean;
}

/** Names the programs' sources: stacks made by other sources are another generation. */
async function programVersion(): Promise<string> {
  const directory = fileURLToPath(new URL('../programs', import.meta.url));
  const hash = createHash('sha256');
  for (const file of (await readdir(directory)).sort())
    hash.update(file).update(await readFile(join(directory, file)));
  return hash.digest('hex').slice(0, 16);
}

/** Opens everything in order and remembers how to close it; a failure half-way closes what was opened. */
function unwinder(log: Logger) {
  const closers: { name: string; close: () => Promise<unknown> }[] = [];
  return {
    opened: (name: string, close: () => Promise<unknown>) => closers.push({ name, close }),
    async close() {
      for (const { name, close } of closers.splice(0).reverse()) {
        await close().catch((error) => log.error({ part: name, error: reasonOf(error) }, 'did not close'));
      }
    },
  };
}

type Unwinder = ReturnType<typeof unwinder>;

interface StandBy {
  readonly settings: Settings;
  readonly store: Store;
  readonly aws: Aws;
  readonly queue: RunQueue;
  readonly restores: RestoreQueue;
  readonly log: Logger;
  readonly parts: Unwinder;
}

/** Hears lifecycle events and results, and sweeps, until the parts are closed. */
function standBy({ settings, store, aws, queue, restores, log, parts }: StandBy): void {
  const { accountId, region } = settings.hub;
  const heard = intake(store, queue, log);
  const consume = (name: string, handle: (body: string) => Promise<void>) => {
    const consumer = queueConsumer({
      name,
      queueUrl: async () => queueUrl({ partition: (await aws.caller()).partition, accountId, region }, name),
      client: () => aws.sqs(accountId, region),
      handle,
      log,
    });
    consumer.start();
    parts.opened(name, consumer.stop);
  };
  consume(names.lifecycleQueue, heard.lifecycle);
  consume(names.resultsQueue, heard.result);
  const sweep = async () => {
    try {
      await queue.request({ kind: 'reconcile', scope: {}, onlyChanged: true, requestedBy: 'sweep' });
      await restores.resume();
    } catch (error) {
      log.error({ error: reasonOf(error) }, 'sweep not queued');
    }
  };
  const timer = setInterval(sweep, settings.sweepMinutes * 60_000);
  parts.opened('sweep', async () => clearInterval(timer));
}

function readiness({ query }: Database, log: Logger) {
  return async (): Promise<string | undefined> => {
    try {
      await query('select 1');
      return undefined;
    } catch (error) {
      log.warn({ error: reasonOf(error) }, 'database');
      return 'the database does not answer';
    }
  };
}

async function open(
  settings: Settings,
  log: Logger,
  { standing }: ServiceOptions,
  parts: Unwinder,
): Promise<string> {
  const lock = await lockData(settings.data);
  parts.opened('data lock', lock.release);
  await readPolicyFile(settings);
  const database = await openDatabase(settings, (error) => log.warn({ error: error.message }, 'database'));
  parts.opened('database', database.close);
  const store = openStore(database);
  const aws = awsClients(settings);
  const engine = enginePool(settings, settings.parallel);
  parts.opened('engine', engine.stop);
  const stopping = new AbortController();
  const reconcile = reconciler({
    settings,
    aws,
    engine,
    store,
    hubBundle: hubBundler({ settings, aws, store, directory: join(settings.data, 'bundle') }),
    programVersion: await programVersion(),
    stopping: stopping.signal,
  });
  const queue = runQueue(database, store.runs, reconcile, log);
  parts.opened('queue', queue.stop);
  await queue.start();
  const carryOut = restorer({ store, aws, runs: queue, log, stopping: stopping.signal });
  const restores = restoreQueue(database, store.restores, carryOut, log);
  parts.opened('restores', restores.stop);
  await restores.start();
  parts.opened('runs', async () => stopping.abort());
  if (standing) standBy({ settings, store, aws, queue, restores, log, parts });
  const policy = () => readPolicyFile(settings);
  const context = { store, queue, restores, policy, notReady: readiness(database, log) };
  const app = application(context, settings, version, log);
  const server = await listen(app, settings.host, settings.port);
  parts.opened('http', server.close);
  await lock.announce(server.url);
  return server.url;
}

/**
 * Starts the control plane: database, queue, HTTP, and where it stands by itself the consumers and the sweep.
 * @throws PortcullisError with the code of what is wrong; nothing is left open then.
 */
export async function startService(
  settings: Settings,
  log: Logger,
  options: ServiceOptions,
): Promise<Service> {
  const parts = unwinder(log);
  try {
    const url = await open(settings, log, options, parts);
    log.info({ url, layout: settings.layout, hub: settings.hub }, 'listening');
    return { url, stop: parts.close };
  } catch (error) {
    await parts.close();
    throw error;
  }
}
