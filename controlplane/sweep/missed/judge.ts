import { isDenied } from '../../aws/errors.ts';
import type { Uses } from '../../services/services.ts';
import { reasonOf } from '../../settings/errors.ts';
import type { MissedEvent } from '../../store/sweeps/missed-events.ts';
import { recordVerified } from '../../verify/coverage.ts';
import { announces } from './announced.ts';
import { type HopContext, type LostAt, whereLost } from './hop.ts';

export type JudgeContext = HopContext &
  Uses<{
    store: 'accounts' | 'cellVerifications' | 'remediations' | 'stacks' | 'sweeps';
    meter: 'eventMissed';
    log: true;
  }>;

/** Suspected events that are judged in one go. */
const most = 100;
const againMs = 60_000;

/** For so long after it was found a hop that does not answer is asked again, milliseconds. */
const patienceMs = 2 * 3_600_000;

/** A hop that may not be read, or never answers, is a result too: the event was missed in any case. */
async function lostAt(context: JudgeContext, missed: MissedEvent): Promise<LostAt> {
  try {
    return await whereLost(context, missed);
  } catch (error) {
    const isPatient = Date.now() - missed.foundAt.getTime() < patienceMs;
    if (!isDenied(error) && isPatient) throw error;
    return { hop: 'unknown', message: `where it was lost cannot be read: ${reasonOf(error)}` };
  }
}

/** Decides whether the event of an offence was missed. Idempotent. */
async function judge(context: JudgeContext, missed: MissedEvent): Promise<void> {
  const { store, log, meter } = context;
  const results = await store.remediations.ofGroup(missed, missed.afterAt);
  if (results.some((result) => announces(missed, result))) {
    await store.sweeps.missed.judge(missed, { state: 'announced', hop: null, message: null });
    return;
  }
  const { hop, message } = await lostAt(context, missed);
  const isFirst = await store.sweeps.missed.judge(missed, { state: 'missed', hop, message });
  // Repeated after a crash between the two.
  await recordVerified(store, [missed]);
  if (!isFirst) return;
  const { accountId: account, region, groupId: group, ingress, openedBy } = missed;
  log.error({ account, region, group, ingress, hop, message, openedBy }, 'event missed');
  meter.eventMissed(hop);
}

/** Judges the offences whose events had time to arrive. One that cannot be judged now is judged again. */
export async function judgeDue(context: JudgeContext, stopping: AbortSignal): Promise<void> {
  const { store, log } = context;
  for (const missed of await store.sweeps.missed.due(most)) {
    if (stopping.aborted) return;
    try {
      await judge(context, missed);
    } catch (error) {
      if (stopping.aborted) return;
      const { accountId: account, region } = missed;
      log.warn({ account, region, error: reasonOf(error) }, 'a missed event was not judged; trying again');
      await store.sweeps.missed.postpone(missed, againMs);
    }
  }
}
