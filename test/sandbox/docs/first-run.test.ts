import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageFile from '../../../package.json' with { type: 'json' };
import type { World } from '../../../sandbox/demo/world.ts';
import { startTestWorld } from '../../worlds/control-plane.ts';
import { repository } from '../../worlds/repository.ts';
import { until } from '../../worlds/until.ts';
import { blocksOf, missingLines, shell, stepsOf } from './page.ts';

const page = 'docs/first-run.md';
const steps = stepsOf(page);

/** The command as npx and npm run it, without the second that each of them takes to start. */
const started = (command: string) =>
  command
    .replace(/^npx portcullis\b/, `"${process.execPath}" ${packageFile.bin.portcullis}`)
    .replace(/^npm run --silent open-group\b/, packageFile.scripts['open-group']);

describe('the first run', () => {
  let world: World;
  beforeAll(async () => {
    world = await startTestWorld();
  });
  afterAll(() => world?.stop());

  test('begins with the commands that start the world of this test', () => {
    expect(blocksOf(page, 'sh').map((block) => block.split('\n').at(-1))).toEqual([
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
      const seen = await shell(started(command).replace('<id>', `'${remediation}'`), {
        cwd: repository,
        environment: world.environment,
      });
      exit = seen.exit;
      expect(missingLines(shown, seen.output), `${command}\nends with ${exit}:\n${seen.output}`).toEqual([]);
      expect([0, 3], `${command}\n${seen.output}`).toContain(exit);
      remediation = /\S+:sg-\w+/.exec(seen.output)?.[0] ?? remediation;
    }
    expect(remediation).not.toBe('');
  });

  test('open-group ends with exit code 1 for a rule that stays, here one that the policy allows', async () => {
    const seen = await shell(
      started('npm run --silent open-group -- --port 443 --wait 1').replace(' -- ', ' '),
      {
        cwd: repository,
        environment: world.environment,
      },
    );
    expect(seen.output).toMatch(/still open after 1\.\d+ s/);
    expect(seen.exit).toBe(1);
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
