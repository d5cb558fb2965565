import { setTimeout as sleep } from 'node:timers/promises';
import { isOver, type Run, wantedStacks } from './oracle.ts';
import { dice, say } from './plan.ts';
import type { FaultStage } from './stage.ts';
import type { Worker } from './worker.ts';

interface Killing {
  readonly name: string;
  readonly seed: number;
  /** No death is begun after so many kills; the last one may be of both workers. */
  readonly most: number;
  /** Seconds at most from a kill's place in the roll-out to the kill. */
  readonly gapSeconds: number;
  readonly patienceSeconds: number;
}

/** Seconds within which a worker is killed again that starts, most of them before it listens. */
const startingSeconds = 4;

/** One of the worker's deaths: alone or with the CLIs it started, of one worker or of all. As many draws each time. */
function drawDeath(stage: FaultStage, draw: () => number) {
  const all = draw() < 0.15;
  const chosen = stage.workers[Math.floor(draw() * stage.workers.length)] as Worker;
  const withChildren = draw() < 0.5;
  const [restsFor, restsAtAll] = [draw() * 5, draw() < 0.5];
  const [againAfter, again] = [draw() * startingSeconds, draw() < 0.15];
  return {
    victims: all ? stage.workers : [chosen],
    withChildren,
    /** Seconds until they are started again. */
    downSeconds: restsAtAll ? restsFor : 0,
    /** Seconds from that start to the next death, before they listen; undefined where they may start. */
    againAfter: again ? againAfter : undefined,
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
 * Starts a worker and kills it before it listens: whether it was in time for that. One that listens already lives on.
 * @throws what kept it from starting, where that was not this
 */
async function killStarting(worker: Worker, seconds: number, withChildren: boolean): Promise<boolean> {
  const failure = worker.start().then(
    () => undefined,
    (error: unknown) => error,
  );
  await Promise.race([failure, sleep(seconds * 1000)]);
  if (worker.url() !== undefined) return false;
  if (!worker.running()) throw await failure;
  await worker.kill(withChildren);
  await failure;
  return true;
}

/**
 * Kills workers at random moments of a run and starts them again, until it has been done often enough or the run has
 * ended; then waits for the run's end. How many deaths there were while it was under way, and the run.
 * @throws when the run does not end in time
 */
export async function killDuring(stage: FaultStage, runId: string, killing: Killing) {
  const draw = dice(killing.name, killing.seed);
  const giveUp = Date.now() + killing.patienceSeconds * 1000;
  const look = () => stage.get<Run>(`/v1/runs/${runId}`);
  const places = drawPlaces(stage, killing.most, draw);
  /** When each worker died, by the clock of this machine, which the database has as well. */
  const deaths: number[] = [];
  const died = (victims: readonly unknown[]) => void deaths.push(...victims.map(() => Date.now()));
  for (;;) {
    const place = (deaths.length < killing.most ? places.shift() : undefined) ?? Number.POSITIVE_INFINITY;
    let run = await look();
    while (!isOver(run) && endedIn(run) < place) {
      if (Date.now() > giveUp) throw new Error(`run ${runId} has not ended: ${progress(run)}`);
      await sleep(250);
      run = await look();
    }
    if (isOver(run)) return { kills: before(run.finishedAt, deaths), run };
    await sleep(draw() * killing.gapSeconds * 1000);
    const { victims, withChildren, downSeconds, againAfter } = drawDeath(stage, draw);
    await Promise.all(victims.map((worker) => worker.kill(withChildren)));
    died(victims);
    const how = `${victims.map(({ name }) => name).join(' and ')}${withChildren ? ' with its CLIs' : ''}`;
    say(`${killing.name}: kill ${deaths.length} of ${how}; ${progress(run)}`);
    await sleep(downSeconds * 1000);
    if (againAfter !== undefined) {
      const hit = await Promise.all(victims.map((worker) => killStarting(worker, againAfter, withChildren)));
      died(hit.filter(Boolean));
      const after = `${againAfter.toFixed(1)} s after the start`;
      if (hit.includes(true)) say(`${killing.name}: kill ${deaths.length} while starting, ${after}`);
    }
    await Promise.all(victims.map((worker) => worker.start()));
  }
}

/** Deaths before the end of the run; those after it have shown nothing. */
const before = (end: string | null, deaths: readonly number[]) =>
  deaths.filter((at) => end !== null && at < Date.parse(end)).length;

function progress({ stacks }: Run): string {
  const counts = new Map<string, number>();
  for (const { state } of stacks) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ') || 'nothing planned yet';
}
