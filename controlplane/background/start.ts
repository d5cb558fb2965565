import { priorities } from '../queue/key-queue.ts';
import type { MessageConsumers } from '../remediations/consumers.ts';
import type { RestoreQueue } from '../remediations/restore/queue.ts';
import type { RunQueue } from '../runs/queue.ts';
import type { Services } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import { hubKey, organizationKey } from '../stacks/key.ts';
import { watchPolicy } from './policy-watch.ts';

interface BackgroundContext extends Pick<Services, 'settings' | 'queue' | 'log' | 'shutdown' | 'workers'> {
  readonly runs: Pick<RunQueue, 'takeUp'>;
  readonly restores: Pick<RestoreQueue, 'resume'>;
  readonly consumers: MessageConsumers;
}

/** How often unfinished work without a worker is resumed, milliseconds. */
const takeUpMs = 60_000;

/**
 * Receives lifecycle events and results and watches the policy file until shutdown, and lists the organization at
 * once, which finds changes made while no process was running. Each listing enqueues the next.
 */
export async function startBackground(context: BackgroundContext): Promise<void> {
  const { settings, queue, runs, restores, consumers, log, shutdown, workers } = context;
  for (const consumer of Object.values(consumers)) consumer.start();
  shutdown.register('policy file', watchPolicy({ settings, queue, log, onChange: workers.seen }).stop);
  await queue.enqueue([organizationKey, hubKey], priorities.rollout);
  const takeUp = async () => {
    try {
      // Each listing enqueues the next, unless its job was lost with a restored database.
      await queue.enqueueAfter([{ key: organizationKey, afterMs: settings.resyncMinutes * 60_000 }]);
      await runs.takeUp();
      await restores.resume();
    } catch (error) {
      log.error({ error: reasonOf(error) }, 'unfinished work not resumed');
    }
  };
  const timer = setInterval(takeUp, takeUpMs);
  shutdown.register('unfinished work', async () => clearInterval(timer));
}
