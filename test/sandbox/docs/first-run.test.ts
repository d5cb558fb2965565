import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageFile from '../../../package.json' with { type: 'json' };
import type { World } from '../../../sandbox/demo/world.ts';
import { startTestWorld } from '../../worlds/control-plane.ts';
import { repository, text } from '../../worlds/repository.ts';
import { until } from '../../worlds/until.ts';

/** A command of the page with the output that the page shows for it. */
interface Step {
  readonly command: string;
  readonly shown: readonly string[];
}

const page = text('docs/first-run.md');
const blocks = (language: string) =>
  [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].flatMap(([, name, body = '']) =>
    name === language ? [body.trimEnd()] : [],
  );

const steps: Step[] = blocks('console').flatMap((block) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((each) => {
      const [command = '', ...shown] = each.trimEnd().split('\n');
      return { command, shown: shown.filter((line) => line.trim() !== '') };
    }),
);

/** The command as npx and npm run it, without the second that each of them takes to start. */
const started = (command: string) =>
  command
    .replace(/^npx portcullis\b/, `"${process.execPath}" ${packageFile.bin.portcullis}`)
    .replace(/^npm run --silent open-group\b/, packageFile.scripts['open-group']);

const escaped = (line: string) => line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** A line of the page as a pattern: `…` is any text, and columns may be wider. */
const pattern = (line: string) =>
  new RegExp(`^${escaped(line.trim()).replaceAll('…', '.*').replace(/ +/g, ' *')}$`);

/** The lines of the page that the output lacks, each looked for below the one before. */
function missingLines(shown: readonly string[], output: string): string[] {
  const lines = output.split('\n').map((line) => line.trim());
  let from = 0;
  return shown
    .filter((line) => line.trim() !== '…')
    .filter((line) => {
      const found = lines.findIndex((each, index) => index >= from && pattern(line).test(each));
      if (found >= 0) from = found + 1;
      return found < 0;
    });
}

describe('the first run', () => {
  let world: World;
  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.stop());

  async function shell(command: string): Promise<{ exit: number; output: string }> {
    const env = { ...process.env, ...world.environment };
    const child = spawn('sh', ['-c', command], { cwd: repository, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const exit = await new Promise<number>((ended) => child.once('exit', (code) => ended(code ?? -1)));
    return { exit, output };
  }

  test('begins with the commands that start the world of this test', () => {
    expect(blocks('sh').map((block) => block.split('\n').at(-1))).toEqual([
      'npm run demo',
      'npm run sandbox',
      'npx portcullis serve',
    ]);
    expect(steps.map(({ command }) => command.split(' ').slice(0, 3).join(' '))).toEqual(
      expect.arrayContaining([
        'npx portcullis reconcile',
        'npx portcullis status',
        'npx portcullis verify',
        'npx portcullis preview',
        'npx portcullis policy',
        'npx portcullis restore',
      ]),
    );
  });

  test('every command of the page does what the page shows', async () => {
    let remediation = '';
    let exit = 0;
    for (const { command, shown } of steps) {
      if (command === 'echo $?') {
        expect([command, exit]).toEqual([command, Number(shown[0])]);
        continue;
      }
      const seen = await shell(started(command).replace('<id>', `'${remediation}'`));
      exit = seen.exit;
      expect(missingLines(shown, seen.output), `${command}\nends with ${exit}:\n${seen.output}`).toEqual([]);
      expect([0, 3], `${command}\n${seen.output}`).toContain(exit);
      remediation = /\S+:sg-\w+/.exec(seen.output)?.[0] ?? remediation;
    }
    expect(remediation).not.toBe('');
  });

  test('the rule is back and stays', async () => {
    // The result of the restored rule travels through the results queue.
    await until(async () => {
      const { remediations } = await world.controlPlane.get<{ remediations: { outcome: string }[] }>(
        '/v1/remediations?account=300000000001',
      );
      return remediations.some(({ outcome }) => outcome === 'excepted');
    });
  });
});
