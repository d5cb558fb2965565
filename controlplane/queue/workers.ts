import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Settings } from '../settings/environment.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import { policyFileDigest } from '../settings/policy.ts';
import { programVersion } from '../stacks/generation.ts';
import type { Store } from '../store/store.ts';
import type { WorkerRecord } from '../store/workers.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Shutdown } from './shutdown.ts';

const seenMs = 15_000;

/** Retry delay of work that waits for equal workers. A stopped worker is forgotten by then. */
export const mismatchRetryMs = 90_000;

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

/** The settings of one worker, which may differ. The state's location is compared by a digest of its own. */
const perWorker: ReadonlySet<string> = new Set<keyof Settings>([
  'data',
  'state',
  'awsPlugin',
  'policyFile',
  'parallel',
  'verifyParallel',
  'sweepParallel',
  'host',
  'port',
  'allowedHosts',
  'requestsPerMinute',
  'tokens',
  'token',
  'url',
  'databaseUrl',
  'secrets',
  'logLevel',
  'serviceLinks',
]);

/**
 * Identifies what must be equal on all workers of a database, so that they do not undo each other's work: the other
 * settings, the programs, and the policy's text.
 */
export async function settingsDigest(settings: Settings, programs = programVersion()): Promise<string> {
  const shared = Object.entries(settings).filter(([name]) => !perWorker.has(name));
  return digest([Object.fromEntries(shared), programs, await policyFileDigest(settings.policyFile)]);
}

interface JoinContext {
  readonly store: Pick<Store, 'workers'>;
  readonly settings: Settings;
  readonly log: Logger;
  readonly shutdown: Shutdown;
  /** Whether no other process uses this database: every other recorded worker is dead. */
  readonly alone: boolean;
  /** Called with the number of workers that share the limits. */
  readonly onShare?: (workers: number) => void;
}

const namesOf = (workers: readonly WorkerRecord[]): string =>
  workers.map(({ host, processId }) => `${host} (process ${processId})`).join(', ');

const mismatchMessage = (others: readonly WorkerRecord[]): string =>
  `workers differ from this one in settings, programs or policy file: ${namesOf(others)}; until all are identical nothing is destroyed or rolled out and the hub keeps its policy. Start all with the same settings, release and policy file; one that was stopped is forgotten within a minute`;

/**
 * Registers this worker and renews the record until shutdown.
 * @throws PortcullisError `in-use` when live workers keep their Pulumi state elsewhere: each stack would be created
 * twice
 */
export async function joinWorkers({ store, settings, log, shutdown, alone, onShare }: JoinContext) {
  const id = randomUUID();
  const stateDigest = digest(settings.state);
  if (alone) await store.workers.forgetAll();
  const others = await store.workers.living();
  const elsewhere = others.find((other) => other.stateDigest !== stateDigest);
  if (elsewhere) {
    throw new PortcullisError(
      'in-use',
      `a control plane on ${elsewhere.host} (process ${elsewhere.processId}) works on this database with its Pulumi state elsewhere; set the same PORTCULLIS_STATE for all, such as s3://… or postgres://…, or stop it and wait a minute`,
    );
  }
  const record = async (): Promise<string> => {
    const mine = await settingsDigest(settings);
    const worker = { id, host: hostname(), processId: process.pid, stateDigest, settingsDigest: mine };
    await store.workers.seen(worker);
    return mine;
  };
  /** Why nothing may be deleted: live workers with other settings, programs or policy; undefined when there are none. */
  const configurationMismatch = async (): Promise<string | undefined> => {
    const mine = await record();
    const differing = (await store.workers.living()).filter((other) => other.settingsDigest !== mine);
    return differing.length > 0 ? mismatchMessage(differing) : undefined;
  };
  /** Records at once that this worker is alive, with its settings and policy. */
  const seen = async (): Promise<void> => {
    try {
      await record();
      onShare?.(Math.max(1, (await store.workers.living()).length));
    } catch (error) {
      log.warn({ error: reasonOf(error) }, 'could not record that the worker is alive');
    }
  };
  const differing = await configurationMismatch();
  if (differing) log.warn(differing);
  await seen();
  const timer = setInterval(seen, seenMs);
  shutdown.register('worker registry', async () => {
    clearInterval(timer);
    await store.workers.gone(id);
  });
  return { seen, configurationMismatch };
}

export type Workers = Awaited<ReturnType<typeof joinWorkers>>;
