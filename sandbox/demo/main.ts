import { openBefore } from './opened-before.ts';
import { steps } from './steps.ts';
import { startWorld, type World } from './world.ts';

const keep = process.argv.includes('--keep');
const screen = process.stdout;

async function showSteps(world: World): Promise<boolean> {
  const lines: string[] = [];
  let held = true;
  for (const [index, { claim, run }] of steps.entries()) {
    screen.write(`\n${index + 1}. ${claim}\n`);
    if (!held) {
      lines.push(`not tried  ${claim}`);
      continue;
    }
    try {
      const seen = await run(world, (text) => screen.write(text.replace(/^(?=.)/gm, '   ')));
      screen.write(`   ✔ ${seen}\n`);
      lines.push(`held       ${claim}`);
    } catch (error) {
      held = false;
      screen.write(`   ✘ ${error instanceof Error ? error.message : String(error)}\n`);
      lines.push(`FAILED     ${claim}`);
    }
  }
  screen.write(`\nSummary\n${lines.map((line) => `  ${line}`).join('\n')}\n`);
  return held;
}

function printNextSteps(world: World): void {
  screen.write(`\nStill running (Ctrl-C ends it). The API: ${world.controlPlane.url}/v1/accounts\n`);
  screen.write('with the token in $PORTCULLIS_DATA/token, which the CLI finds on its own.\n');
  screen.write('In another shell, for the CLI and any AWS tool:\n');
  for (const [name, value] of Object.entries(world.environment))
    screen.write(`  export ${name}='${value}'\n`);
}

const interrupted = new Promise<'interrupted'>((stop) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop('interrupted'));
});

screen.write('Starting a local AWS organization and the control plane …\n');
const world = await startWorld({}, undefined, openBefore);
try {
  const { members, regions, id } = world.sandbox.organization;
  screen.write(`Organization ${id}: ${members.length} members, Regions ${regions.join(', ')}\n`);
  const held = await Promise.race([showSteps(world), interrupted]);
  if (held === true && keep) {
    printNextSteps(world);
    await interrupted;
  }
  process.exitCode = held === true ? 0 : 1;
} finally {
  await world.stop();
}
