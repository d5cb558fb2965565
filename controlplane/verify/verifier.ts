import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { timers } from '../queue/timers.ts';
import { workQueue } from '../queue/work-queue.ts';
import type { Services } from '../services/services.ts';
import type { Scope } from '../stacks/scope.ts';
import { claimMs } from '../store/canaries.ts';
import type { Verification } from '../store/verifications.ts';
import { every as pauses, poll } from '../time/poll.ts';
import { verifyCell } from './cell.ts';
import { cellsOf } from './cells.ts';
import type { VerifyContext } from './context.ts';
import { recordVerified } from './coverage.ts';

/** Processes requested verifications, and verifies due cells automatically. */
export interface Verifier {
  /** After a crash the next start continues. @throws PortcullisError `unknown-scope`, `other-installation` */
  request(scope: Scope, requestedBy: string): Promise<Verification>;
  start(): Promise<void>;
  interrupt(): void;
  /** Leaves work in progress to the next start or to another worker. */
  stop(): Promise<void>;
}

export interface VerifierOptions {
  /** Whether due cells are verified periodically. */
  readonly standing: boolean;
  /** Called before canaries are sent: results must be received from then on. */
  readonly receive: () => void;
  /** Throws where nothing may be verified: another installation receives the results. */
  readonly assertMayVerify?: () => Promise<unknown>;
}

/** Verifications in progress at once in one process. */
const concurrent = 4;
/** Spreads the canaries of one verification, milliseconds. */
const jitter = 300;
/** How often a verification is read whose last canaries another worker has, milliseconds. */
const othersPause = 2_000;
/** Each part of the period verifies this share of the cells. */
const parts = 24;
/** How long verifications are kept with their canaries. Each cell's last result is kept longer. */
const keptMs = 7 * 24 * 3_600_000;
const forgetMs = 3_600_000;
const automatic = 'portcullis';

/** Runs a verification, together with other workers. */
function carrier(given: VerifyContext, holder: string, receive: () => void) {
  const { store, settings, log, stopping } = given;
  const { cellVerifications } = store;

  const verifySome = async (id: string) => {
    for (;;) {
      stopping.throwIfAborted();
      const canary = await cellVerifications.claim(id, holder);
      if (!canary) return;
      await pause(Math.random() * jitter, undefined, { signal: stopping });
      await verifyCell(given, canary);
    }
  };

  /** Works on unclaimed canaries. Returns whether the verification is finished. */
  const round = async (id: string): Promise<true | undefined> => {
    const workers = Array.from({ length: settings.verifyParallel }, () => verifySome(id));
    const broken = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
    if (broken?.status === 'rejected') throw broken.reason;
    const canaries = await cellVerifications.canaries(id);
    if (canaries.some(({ endedAt }) => endedAt === null)) return undefined;
    await recordVerified(store, canaries); // repeated after a crash before the verification ends
    const outcome = await cellVerifications.finish(id);
    if (outcome) log.info({ verification: id, ...outcome }, 'verification finished');
    return true;
  };

  return async (id: string) => {
    const verification = await cellVerifications.get(id);
    if (!verification || verification.finishedAt) return;
    receive();
    try {
      await poll(pauses(othersPause), () => round(id), { signal: stopping });
    } catch (error) {
      if (stopping.aborted) return;
      throw error;
    }
  };
}

/** Verifications are requested by a person and by the clock. */
function requests(
  { store, settings }: VerifyContext,
  send: (id: string) => Promise<void>,
  assertMayVerify: VerifierOptions['assertMayVerify'],
) {
  const { cellVerifications } = store;

  const record = async (scope: Scope, requestedBy: string) => {
    await assertMayVerify?.();
    const id = randomUUID();
    await cellVerifications.request({ id, scope, requestedBy }, cellsOf(await store.accounts.list(), scope));
    await send(id);
    const recorded = await cellVerifications.get(id);
    if (!recorded) throw new Error(`verification ${id} is missing from the store`);
    return recorded;
  };

  /** Verifies one share of the cells, the longest untried first. */
  const verifyDue = async () => {
    await assertMayVerify?.();
    const accounts = await store.accounts.list();
    const reconciled = accounts.filter(({ conditions }) => conditions.Ready?.status === 'True');
    const cells = reconciled.some(({ regions }) => regions.length > 0) ? cellsOf(reconciled, {}) : [];
    if (cells.length === 0) return;
    const id = randomUUID();
    const due = { olderThanMs: settings.verifyHours * 3_600_000, most: Math.ceil(cells.length / parts) };
    if (await cellVerifications.requestDue({ id, scope: {}, requestedBy: automatic }, cells, due))
      await send(id);
  };

  return { record, verifyDue };
}

/** Uses pg-boss in the database of the store. Starts nothing. */
export function verifier(
  { database, boss }: Pick<Services, 'database' | 'boss'>,
  given: VerifyContext,
  { standing, receive, assertMayVerify }: VerifierOptions,
): Verifier {
  const { settings, log } = given;
  const { cellVerifications } = given.store;
  const holder = randomUUID();
  const work = {
    name: 'verify',
    concurrent,
    unfinished: cellVerifications.unfinished,
    carryOut: carrier(given, holder, receive),
  };
  const queue = workQueue(boss, work, log);
  const { every, stop } = timers(log);
  const { record, verifyDue } = requests(given, queue.send, assertMayVerify);

  return {
    request: record,
    async start() {
      // No other process has this database, so every holder of a canary is dead.
      if (database.kind === 'pglite') await cellVerifications.release();
      await queue.start();
      every('renewing claims', claimMs / 4, () => cellVerifications.renew(holder));
      if (!standing) return;
      every('looking for unfinished verifications', claimMs, queue.resume);
      const forget = () => cellVerifications.forget(keptMs);
      every('forgetting old verifications', forgetMs, forget);
      await forget();
      if (settings.verifyHours > 0)
        every('verifying what is due', (settings.verifyHours * 3_600_000) / parts, verifyDue);
    },
    interrupt: queue.interrupt,
    async stop() {
      stop();
      await queue.stop();
      await cellVerifications.release(holder);
    },
  };
}
