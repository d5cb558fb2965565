import { expect } from 'vitest';
import { ended, isOver, previewDiffers, type Run, whatIsWrong } from './oracle.ts';
import type { Failures } from './oracle-audit.ts';
import { unverified } from './oracle-verification.ts';
import { plan, say } from './plan.ts';
import { type FaultStage, lacking, openStage, type StageSettings, startWorkers } from './stage.ts';

const why = lacking();

interface Rollout {
  readonly name: string;
  readonly settings?: Partial<StageSettings>;
  /** Begins when the roll-out does; it is waited for. */
  hurt(stage: FaultStage, run: string): Promise<void>;
  readonly overlaps?: 'wrong' | 'expected';
  /** Whether the fault explains lines of stacks that failed. */
  readonly failures?: Failures;
  /** What to check in addition, and the end of the fault: cells are verified and previews made after it. */
  afterwards?(stage: FaultStage, run: Run): Promise<void>;
}

/** Rolls out to a fresh organization of two workers while it is hurt; in the end everything is right. */
export async function rollOut({ name, settings = {}, hurt, afterwards, ...rest }: Rollout): Promise<void> {
  if (why) expect.fail(why);
  const stage = await openStage({ ...plan.small, ...settings });
  try {
    await startWorkers(stage);
    const begun = performance.now();
    const { id } = await stage.post<{ id: string }>('/v1/reconcile', { scope: 'organization' });
    const [run] = await Promise.all([ended(stage, id, plan.patienceSeconds), hurt(stage, id)]);
    say(`${name}: ${run.state} after ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    for (const overlap of stage.stacks.overlaps()) say(`${name}: ${overlap}`);
    expect(await whatIsWrong(stage, run, rest)).toEqual([]);
    await afterwards?.(stage, run);
    expect(await previewDiffers(stage, stage.accountIds.slice(2, 4))).toEqual([]);
    expect(await unverified(stage)).toEqual([]);
  } finally {
    await stage.stop();
  }
}

/** Whether so many of the run's stacks have ended, or all that there are. */
export async function progressed(stage: FaultStage, id: string, stacks: number): Promise<boolean> {
  const run = await stage.get<Run>(`/v1/runs/${id}`);
  return run.stacks.filter(({ finishedAt }) => finishedAt !== null).length >= stacks || isOver(run);
}

/** Whether the run has ended. */
export const hasEnded = async (stage: FaultStage, id: string): Promise<boolean> =>
  isOver(await stage.get<Run>(`/v1/runs/${id}`));
