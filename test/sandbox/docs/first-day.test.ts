import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageFile from '../../../package.json' with { type: 'json' };
import { type ControlPlane, startControlPlane } from '../../../sandbox/demo/control-plane.ts';
import { openToTheWorld } from '../../../sandbox/demo/security-group.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { allBut, migratedDatabase } from '../../worlds/control-plane.ts';
import { repository } from '../../worlds/repository.ts';
import { until } from '../../worlds/until.ts';
import * as scene from '../controlplane/sweep/scene.ts';
import { blocksOf, missingLines, type PageStep, shell, stepsOf } from './page.ts';

const page = 'docs/first-day.md';
const steps = stepsOf(page);
const account = '300000000001';

/** The command as npx and npm run it, without the second that each of them takes to start. */
const started = (command: string) =>
  command
    .replace(/^npx portcullis\b/, `"${process.execPath}" ${packageFile.bin.portcullis}`)
    .replace(/^npm run --silent open-group( --)?/, packageFile.scripts['open-group']);

describe('the first day', () => {
  let sandbox: Sandbox;
  let data: string;
  let policy: string;
  let environment: Record<string, string>;
  let service: ControlPlane | undefined;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'portcullis-first-day-'));
    await migratedDatabase(data);
    policy = join(data, 'policy.yaml');
    await copyFile(join(repository, 'lambda/policy.yaml'), policy);
    sandbox = await startSandbox();
    environment = {
      ...sandbox.environment,
      ...{ PORTCULLIS_DATA: data, PORTCULLIS_POLICY: policy, PORTCULLIS_PORT: '0' },
      PORTCULLIS_EXCLUDE: allBut('222222222222', account),
    };
  });
  afterAll(async () => {
    await service?.stop();
    await sandbox?.stop();
    await rm(data, { recursive: true, force: true });
  });

  /** What a person does on the page in front of a command. */
  async function prepare(command: string): Promise<void> {
    if (command === 'npx portcullis sweep --standalone')
      await openToTheWorld(sandbox, { accountId: account, region: 'eu-central-1', port: 3389 });
    if (!command.startsWith('npx portcullis reconcile')) return;
    if (service) {
      const text = await readFile(policy, 'utf8');
      await writeFile(policy, text.replace(/^mode: observe$/m, 'mode: revoke'));
    } else service = await startControlPlane(environment);
  }

  /** The first sweep has the rights that the page names, and no setting of a control plane. */
  const environmentOf = async (command: string): Promise<Record<string, string>> =>
    command === 'npx portcullis sweep --standalone'
      ? scene.makeUser(sandbox, 'sweep', await scene.document('sweep-policy.json'))
      : environment;

  /** Runs a command as the page says; a list is read until it has what the page shows, as results arrive later. */
  async function follow({ command, shown }: PageStep): Promise<number> {
    await prepare(command);
    const its = { cwd: repository, environment: await environmentOf(command) };
    let seen = await shell(started(command), its);
    const missing = () => missingLines(shown, seen.output);
    if (/^npx portcullis (findings|remediations)\b/.test(command) && missing().length > 0)
      await until(async () => {
        seen = await shell(started(command), its);
        return missing().length === 0;
      }).catch(() => undefined);
    expect(missing(), `${command}\nends with ${seen.exit}:\n${seen.output}`).toEqual([]);
    expect([0, 1, 3], `${command}\n${seen.output}`).toContain(seen.exit);
    return seen.exit;
  }

  test('begins with set-up for production, and starts the service before its first reconcile', () => {
    const [setup = '', settings = '', serve] = blocksOf(page, 'sh');
    expect(setup).toMatch(/^npm run setup -- --production/);
    expect(settings.match(/^export \w+/gm)).toEqual(
      expect.arrayContaining(['export PORTCULLIS_ORGANIZATIONAL_UNITS', 'export PORTCULLIS_POLICY']),
    );
    expect(serve).toBe('npx portcullis serve');
  });

  test('every command of the page does what the page shows', async () => {
    let exit = 0;
    for (const step of steps) {
      if (step.command === 'echo $?')
        expect(['exit code', exit]).toEqual(['exit code', Number(step.shown[0])]);
      else exit = await follow(step);
    }
    expect(await readFile(policy, 'utf8')).toMatch(/^mode: revoke$/m);
  });
});
