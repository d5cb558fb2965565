import { setTimeout as sleep } from 'node:timers/promises';
import { type Run, wantedStacks } from './oracle.ts';
import { dice, say } from './plan.ts';
import type { FaultStage } from './stage.ts';
import type { Worker } from './worker.ts';

interface Killing {
  readonly name: string;
  readonly seed: number;
  /** Kills at most. */
  readonly most: number;
  /** Seconds at most from a kill's place in the roll-out to the kill. */
  readonly gapSeconds: number;
  readonly patienceSeconds: number;
}

/** One of the worker's deaths: alone or with the CLIs it started, of one worker or of all. */
function drawDeath(stage: FaultStage, draw: () => number) {
  const all = draw() < 0.15;
  const chosen = stage.workers[Math.floor(draw() * stage.workers.length)] as Worker;
  return {
    victims: all ? stage.workers : [chosen],
    withChildren: draw() < 0.5,
    /** Seconds until somebody starts them again. */
    downSeconds: draw() < 0.5 ? 0 : draw() * 5,
  };
}

/**
 * How many stacks have ended when each kill's time has come: anywhere in the roll-out, so that the kills do not all meet
 * its beginning, which every one of them prolongs.
 */
function drawPlaces(stage: FaultStage, most: number, draw: () => number): number[] {
  const stacks = wantedStacks(stage).length;
  return Array.from({ length: most }, () => Math.floor(draw() * stacks)).sort((a, b) => a - b);
}

const endedIn = ({ stacks }: Run) => stacks.filter(({ finishedAt }) => finishedAt !== null).length;

/**
 * Kills workers at random moments of a run and starts them again, until it has been done often enough or the run has
 * ended; then waits for the run's end. How many deaths there were, and the run.
 * @throws when the run does not end in time
 */
export async function killDuring(stage: FaultStage, runId: string, killing: Killing) {
  const draw = dice(killing.name, killing.seed);
  const giveUp = Date.now() + killing.patienceSeconds * 1000;
  const look = () => stage.get<Run>(`/v1/runs/${runId}`);
  const over = (run: Run) => !['queued', 'running'].includes(run.state);
  const places = drawPlaces(stage, killing.most, draw);
  let kills = 0;
  for (;;) {
    const place = (kills < killing.most ? places.shift() : undefined) ?? Number.POSITIVE_INFINITY;
    let run = await look();
    while (!over(run) && endedIn(run) < place) {
      if (Date.now() > giveUp) throw new Error(`run ${runId} has not ended: ${progress(run)}`);
      await sleep(250);
      run = await look();
    }
    if (over(run)) return { kills, run };
    await sleep(draw() * killing.gapSeconds * 1000);
    const { victims, withChildren, downSeconds } = drawDeath(stage, draw);
    await Promise.all(victims.map((worker) => worker.kill(withChildren)));
    kills += victims.length;
    const names = victims.map(({ name }) => name).join(' and ');
    say(
      `${killing.name}: kill ${kills} of ${names}${withChildren ? ' with its CLIs' : ''}; ${progress(run)}`,
    );
    await sleep(downSeconds * 1000);
    await Promise.all(victims.map((worker) => worker.start()));
  }
}

function progress({ stacks }: Run): string {
  const counts = new Map<string, number>();
  for (const { state } of stacks) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ') || 'nothing planned yet';
}
