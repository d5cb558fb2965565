// npm run bench [-- --quick] [-- --large [--database URL]] [-- --only findings|evaluator|bundle|start-up|organization|memory|bursts|sweep|cells|flood|scheduler|board|custodian]: measures, and prints one table.
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { httpClient } from '../controlplane/cli/client/http.ts';
import { startWorld, type World } from '../sandbox/demo/world.ts';
import { measureBoard } from './board.ts';
import { measureBundle } from './cold-start.ts';
import { measureCustodian } from './custodian/compare.ts';
import { measureEvaluator } from './evaluator.ts';
import { figures as collect, json, merged, table } from './figures.ts';
import { measureFindings } from './findings.ts';
import { measureFlood } from './flood.ts';
import { measureMemory } from './memory.ts';
import { measureNewAccounts, measureUnderSweep } from './new-account.ts';
import { measureOnboarding } from './onboarding.ts';
import { measureBursts, measureRemediation } from './remediation.ts';
import { measureScheduler } from './scheduler/scheduler.ts';
import { measureStartUp } from './start-up.ts';
import { measureSweepCells } from './sweep/cells.ts';

const results = new URL('results.json', import.meta.url);
const {
  quick = false,
  large = false,
  only = large ? 'findings' : undefined,
  database,
} = parseArgs({
  options: {
    ...{ quick: { type: 'boolean' }, large: { type: 'boolean' } },
    ...{ only: { type: 'string' }, database: { type: 'string' } },
  },
}).values;
const figures = collect();
const progress = (line: string) => process.stderr.write(`bench: ${line}\n`);
const options = { quick, progress };

type Ended = 'measured' | 'interrupted';

async function measureWorld(world: World): Promise<Ended> {
  await measureOnboarding(httpClient(world.controlPlane.url, world.controlPlane.token), figures, options);
  await measureRemediation(world, figures, { events: quick ? 12 : 200, progress });
  await measureBursts(world, figures, { events: quick ? 3 : 50, progress });
  await measureNewAccounts(world, figures, { times: quick ? 1 : 3, progress });
  return 'measured';
}

/** Of a world that is onboarded, which has figures of its own in another part. */
async function measureBurstsOf(world: World): Promise<Ended> {
  const none = { add: () => undefined, list: () => [] };
  await measureOnboarding(httpClient(world.controlPlane.url, world.controlPlane.token), none, {
    quick: true,
    progress,
  });
  await measureBursts(world, figures, { events: quick ? 3 : 50, progress });
  return 'measured';
}

async function measureMemoryOf(world: World): Promise<Ended> {
  await measureMemory(world, figures, options);
  return 'measured';
}

async function measureSweepOf(world: World): Promise<Ended> {
  const service = httpClient(world.controlPlane.url, world.controlPlane.token);
  const none = { add: () => undefined, list: () => [] };
  await measureOnboarding(service, none, { quick: true, progress });
  await measureUnderSweep(world, service, figures, { times: quick ? 1 : 3, progress });
  return 'measured';
}

async function measureFloodOf(world: World): Promise<Ended> {
  await measureFlood(world, figures, { events: quick ? 100 : 10_000, progress });
  return 'measured';
}

/** Interrupted, it stops what it started. */
async function inWorld(work: (world: World) => Promise<Ended>): Promise<Ended> {
  const interrupted = new Promise<Ended>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop('interrupted'));
  });
  progress('starting a local AWS organization and the control plane …');
  const world = await startWorld();
  return Promise.race([work(world), interrupted]).finally(world.stop);
}

const parts: Record<string, () => Promise<Ended>> = {
  evaluator: () => measureEvaluator(figures, options).then(() => 'measured'),
  bundle: () => measureBundle(figures, options).then(() => 'measured'),
  'start-up': () => measureStartUp(figures, options).then(() => 'measured'),
  organization: () => inWorld(measureWorld),
  memory: () => inWorld(measureMemoryOf),
  bursts: () => inWorld(measureBurstsOf),
  sweep: () => inWorld(measureSweepOf),
  flood: () => inWorld(measureFloodOf),
  scheduler: () => measureScheduler(figures, options).then(() => 'measured'),
  cells: () => measureSweepCells(figures, options).then(() => 'measured'),
  board: () => measureBoard(figures, options).then(() => 'measured'),
  findings: () => measureFindings(figures, { ...options, databaseUrl: database }).then(() => 'measured'),
  custodian: () => measureCustodian(figures, options).then(() => 'measured'),
};

/** In another part already, or minutes long: runs only where it is asked for. */
const onlyByName = new Set([
  ...['memory', 'bursts', 'sweep', 'flood', 'scheduler', 'board', 'cells', 'findings', 'custodian'],
]);

async function measure(): Promise<Ended> {
  for (const [name, part] of Object.entries(parts)) {
    const wanted = only === undefined ? !onlyByName.has(name) : only === name;
    if (wanted && (await part()) === 'interrupted') return 'interrupted';
  }
  return 'measured';
}

/** After one part alone, the figures of the others stay in the file as they were. */
async function print(): Promise<void> {
  console.log(table(figures.list()));
  if (quick) {
    progress('--quick: results.json is left as it was');
    return;
  }
  const others = only === undefined ? [] : JSON.parse(await readFile(results, 'utf8'));
  await writeFile(results, json(merged(others, figures.list())));
}

if (only === undefined || only in parts) {
  const ended = await measure();
  if (ended === 'measured') await print();
  else progress('interrupted: nothing is written');
  const missed = figures.list().some(({ met }) => met === false);
  process.exitCode = ended === 'measured' && !missed ? 0 : 1;
} else {
  progress(`there is no part ${only}; there are ${Object.keys(parts).join(', ')}`);
  process.exitCode = 2;
}
