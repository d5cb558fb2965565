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

/** How long until what waits for workers to be alike is looked at again: one that ended is forgotten by then. */
export const mismatchRetryMs = 90_000;

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

/**
 * Names what has to be the same for all workers of a database, or they would undo each other's work: every setting but
 * those of the one worker, the programs, and the text of the policy. Where the state is has a digest of its own.
 */
export async function settingsDigest(settings: Settings, programs = programVersion()): Promise<string> {
  const { data, state, awsPlugin, policyFile, parallel, verifyParallel, host, port, ...others } = settings;
  const { tokens, token, url, databaseUrl, secrets, logLevel, serviceLinks, ...shared } = others;
  const { allowedHosts, requestsPerMinute, ...same } = shared;
  return digest([same, programs, await policyFileDigest(policyFile)]);
}

interface JoinContext {
  readonly store: Pick<Store, 'workers'>;
  readonly settings: Settings;
  readonly log: Logger;
  readonly shutdown: Shutdown;
  /** Whether no other process has this database: any other worker that it knows is dead. */
  readonly alone: boolean;
  /** Told how many workers share what is limited, now and then. */
  readonly onShare?: (workers: number) => void;
}

export interface Workers {
  /** Says at once that this worker lives, and with which settings and policy. */
  seen(): Promise<void>;
  /** Why nothing may be taken away: living workers that differ from this one as they are now; undefined without any. */
  configurationMismatch(): Promise<string | undefined>;
}

const namesOf = (workers: readonly WorkerRecord[]): string =>
  workers.map(({ host, processId }) => `${host} (process ${processId})`).join(', ');

const mismatchMessage = (others: readonly WorkerRecord[]): string =>
  `workers differ from this one in settings, programs or policy file: ${namesOf(others)}; until all are alike nothing is destroyed or rolled out and the hub keeps its policy. Start all with the same settings, release and policy file; one that was stopped is forgotten within a minute`;

/**
 * Becomes one of the workers of the database, and says so until the parts are closed.
 * @throws PortcullisError `in-use` where others that live keep their Pulumi state elsewhere: a stack would be made twice.
 */
export async function joinWorkers(joining: JoinContext): Promise<Workers> {
  const { store, settings, log, shutdown, alone, onShare } = joining;
  const id = randomUUID();
  const stateDigest = digest(settings.state);
  if (alone) await store.workers.forgetAll();
  const others = await store.workers.living();
  const elsewhere = others.find((other) => other.stateDigest !== stateDigest);
  if (elsewhere) {
    throw new PortcullisError(
      'in-use',
      `a control plane on ${elsewhere.host} (process ${elsewhere.processId}) works on this database with its Pulumi state elsewhere; set PORTCULLIS_STATE to the same for all, such as s3://… or postgres://…, or stop it and wait a minute`,
    );
  }
  const seen = async (): Promise<string> => {
    const mine = await settingsDigest(settings);
    const worker = { id, host: hostname(), processId: process.pid, stateDigest, settingsDigest: mine };
    await store.workers.seen(worker);
    return mine;
  };
  const configurationMismatch = async (): Promise<string | undefined> => {
    const mine = await seen();
    const differing = (await store.workers.living()).filter((other) => other.settingsDigest !== mine);
    return differing.length > 0 ? mismatchMessage(differing) : undefined;
  };
  const tell = async () => {
    try {
      await seen();
      onShare?.(Math.max(1, (await store.workers.living()).length));
    } catch (error) {
      log.warn({ error: reasonOf(error) }, 'worker not seen');
    }
  };
  const differing = await configurationMismatch();
  if (differing) log.warn(differing);
  await tell();
  const timer = setInterval(tell, seenMs);
  shutdown.register('worker registry', async () => {
    clearInterval(timer);
    await store.workers.gone(id);
  });
  return { seen: tell, configurationMismatch };
}
