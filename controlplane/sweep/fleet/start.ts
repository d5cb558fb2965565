import { cancellable } from '../../aws/throttle.ts';
import type { PolicyInForce } from '../../reconcile/policy-in-force.ts';
import type { Services } from '../../services/services.ts';
import { partitionOf } from '../../settings/partition.ts';
import type { Cell } from '../../stacks/cell.ts';
import { recordReadings } from '../../store/findings/readings.ts';
import type { TrailOwner } from '../../trails/observe.ts';
import { trailOf } from '../../verify/start.ts';
import type { SweepContext } from '../context.ts';
import { handOverDue } from '../hand-over/groups.ts';
import { leaver } from '../hand-over/leave.ts';
import { importDue } from '../hand-over/security-hub.ts';
import { judgeDue } from '../missed/judge.ts';
import { sweepPolicy } from './policy.ts';
import { reader } from './reader.ts';
import { againAfter } from './retry.ts';
import { type Sweeper, sweeper } from './sweeper.ts';

interface Given
  extends Pick<Services, 'database' | 'boss' | 'store' | 'aws' | 'settings' | 'meter' | 'log' | 'shutdown'> {
  readonly policy: Pick<PolicyInForce, 'read'>;
  readonly standing: boolean;
  /** Answers about organization trails by the account that owns them. */
  readonly trailOwner?: TrailOwner;
}

/** How often the work that readings left is taken up, milliseconds. */
const handOverMs = 2_000;
const judgeMs = 30_000;

/** Sweeps on request and by the clock, until shutdown. */
export async function startSweeper(given: Given): Promise<Sweeper> {
  const { database, boss, store, aws, settings, meter, log, shutdown, standing } = given;
  const stopping = new AbortController();
  const { signal } = stopping;
  const partition = partitionOf(settings.hub.region);
  const context: SweepContext = {
    ...{ store, settings, database, meter, log, stopping: signal },
    policy: sweepPolicy({ inForce: given.policy, aws, store }),
    ...reader({ aws, settings, store }),
    againAfter,
    record: recordReadings,
    leave: leaver({ partition, securityHub: settings.securityHub }),
  };
  const judging = { ...given, trail: (cell: Cell) => trailOf(given, cell) };
  const chore = (what: string, everyMs: number, run: () => Promise<void>) => ({
    ...{ what, everyMs },
    run: async () => {
      if (!(await store.uninstall.isRequested())) await cancellable(signal, run);
    },
  });
  const chores = [
    chore('handing groups to the Lambda', handOverMs, () => handOverDue(given, signal)),
    chore('importing findings', handOverMs, () => importDue(given, signal)),
    chore('judging missed events', judgeMs, () => judgeDue(judging, signal)),
  ];
  const made = sweeper(boss, context, { standing, chores });
  shutdown.register('sweeper', made.stop, () => {
    stopping.abort();
    made.interrupt();
  });
  await made.start();
  return made;
}
