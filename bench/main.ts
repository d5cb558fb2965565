// npm run bench [-- --quick]: measures the whole path on a local organization and prints one table.
import { writeFile } from 'node:fs/promises';
import { httpClient } from '../controlplane/cli/client.ts';
import { startWorld, type World } from '../sandbox/demo/world.ts';
import { figures as collect, json, table } from './figures.ts';
import { measureNewAccounts } from './new-account.ts';
import { measureOnboarding } from './onboarding.ts';
import { measureRemediation } from './remediation.ts';

const results = new URL('results.json', import.meta.url);
const quick = process.argv.includes('--quick');
const figures = collect();
const progress = (line: string) => process.stderr.write(`bench: ${line}\n`);

const interrupted = new Promise<'interrupted'>((stop) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop('interrupted'));
});

async function measure(world: World): Promise<'measured'> {
  await measureOnboarding(httpClient(world.controlPlane.url, undefined), figures, { quick, progress });
  await measureRemediation(world, figures, { events: quick ? 12 : 200, progress });
  await measureNewAccounts(world, figures, { times: quick ? 1 : 3, progress });
  return 'measured';
}

async function tell(): Promise<void> {
  console.log(table(figures.list()));
  if (quick) progress('--quick: results.json is left as it was');
  else await writeFile(results, json(figures.list()));
}

progress('starting a local AWS organization and the control plane …');
const world = await startWorld();
const ended = await Promise.race([measure(world), interrupted]).finally(world.stop);
if (ended === 'measured') await tell();
else progress('interrupted: nothing is written');
const missed = figures.list().some(({ met }) => met === false);
process.exitCode = ended === 'measured' && !missed ? 0 : 1;
