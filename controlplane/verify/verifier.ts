import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { workQueue } from '../queue/work-queue.ts';
import type { Services } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import type { Scope } from '../stacks/scope.ts';
import { claimMs } from '../store/cell-verifications.ts';
import type { Verification } from '../store/verifications.ts';
import { every, poll } from '../time/poll.ts';
import { verifyCell } from './cell.ts';
import { cellsOf } from './cells.ts';
import type { VerifyContext } from './context.ts';
import { recordVerified } from './coverage.ts';

/** Verifications wait here and are carried out, and cells that are due are verified by themselves. */
export interface Verifier {
  /**
   * Records a verification of every cell of the scope and has it carried out, by the next start where this process dies.
   * @throws PortcullisError `unknown-scope`, `other-installation`.
   */
  request(scope: Scope, requestedBy: string): Promise<Verification>;
  start(): Promise<void>;
  interrupt(): void;
  /** Leaves what is under way to the next start, or to another worker. */
  stop(): Promise<void>;
}

export interface VerifierOptions {
  /** Whether it verifies by the clock what is due. */
  readonly standing: boolean;
  /** Called before canaries are sent: from now on results have to be heard. */
  readonly receive: () => void;
  /** Throws where nothing may be verified: another installation receives the results. */
  readonly assertMayVerify?: () => Promise<void>;
}

/** Verifications under way at once in one process. */
const concurrent = 4;
/** Canaries of one verification do not all start in the same moment, milliseconds. */
const jitter = 300;
/** How often a verification whose last canaries another worker has is looked at, milliseconds. */
const othersPause = 2_000;
/** Parts of the period in which every cell is verified once: each part takes its share of the cells. */
const parts = 24;
/** How long verifications are kept, with their canaries; what each cell's last one proved stays. */
const keptMs = 7 * 24 * 3_600_000;
const forgetMs = 3_600_000;
const unasked = 'portcullis';

/** Carries a verification out, together with whoever else works on it. */
function carrier(given: VerifyContext, holder: string, hear: () => void) {
  const { store, settings, log, stopping } = given;
  const { cellVerifications } = store;

  const proveSome = async (id: string) => {
    for (;;) {
      stopping.throwIfAborted();
      const canary = await cellVerifications.claim(id, holder);
      if (!canary) return;
      await pause(Math.random() * jitter, undefined, { signal: stopping });
      await verifyCell(given, canary);
    }
  };

  /** Works on what nobody has in hand; whether the verification is finished. */
  const round = async (id: string): Promise<true | undefined> => {
    const hands = Array.from({ length: settings.verifyParallel }, () => proveSome(id));
    const broken = (await Promise.allSettled(hands)).find(({ status }) => status === 'rejected');
    if (broken?.status === 'rejected') throw broken.reason;
    const canaries = await cellVerifications.canaries(id);
    if (canaries.some(({ endedAt }) => endedAt === null)) return undefined;
    await recordVerified(store, canaries); // done again where the process ends before the verification has
    const outcome = await cellVerifications.finish(id);
    if (outcome) log.info({ verification: id, ...outcome }, 'verification finished');
    return true;
  };

  return async (id: string) => {
    const verification = await cellVerifications.get(id);
    if (!verification || verification.finishedAt) return;
    hear();
    try {
      await poll(every(othersPause), () => round(id), { signal: stopping });
    } catch (error) {
      if (stopping.aborted) return;
      throw error;
    }
  };
}

/** What asks for verifications: a person, and the clock. */
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
    if (!recorded) throw new Error(`verification ${id} vanished from the store`);
    return recorded;
  };

  /** Its share of the cells, those first that nothing was tried in for longest. */
  const verifyDue = async () => {
    await assertMayVerify?.();
    const accounts = await store.accounts.list();
    const reconciled = accounts.filter(({ conditions }) => conditions.Ready?.status === 'True');
    const cells = reconciled.some(({ regions }) => regions.length > 0) ? cellsOf(reconciled, {}) : [];
    if (cells.length === 0) return;
    const id = randomUUID();
    const due = { olderThanMs: settings.verifyHours * 3_600_000, most: Math.ceil(cells.length / parts) };
    if (await cellVerifications.requestDue({ id, scope: {}, requestedBy: unasked }, cells, due))
      await send(id);
  };

  return { record, verifyDue };
}

/** The verifier over pg-boss in the same database as the store. Making it starts nothing. */
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
  const timers: NodeJS.Timeout[] = [];
  const every = (what: string, milliseconds: number, act: () => Promise<unknown>) => {
    const timer = setInterval(
      () => act().catch((error) => log.error({ error: reasonOf(error) }, `${what} failed`)),
      milliseconds,
    );
    timers.push(timer);
  };

  const { record, verifyDue } = requests(given, queue.send, assertMayVerify);

  return {
    request: record,
    async start() {
      // Nobody else has this database, so whoever held a canary is dead.
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
      for (const timer of timers) clearInterval(timer);
      await queue.stop();
      await cellVerifications.release(holder);
    },
  };
}
