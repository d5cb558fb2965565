import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { migratedDatabase } from '../../worlds/control-plane.ts';

const cwd = fileURLToPath(new URL('../../..', import.meta.url));
let sandbox: Sandbox;
let data: string;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'portcullis-doctor-'));
  await migratedDatabase(data);
  sandbox = await startSandbox();
});
afterAll(async () => {
  await sandbox?.stop();
  await rm(data, { recursive: true, force: true });
});

/** One command in a process of its own, to its end. */
async function portcullis(
  command: string,
  hubRegion: string,
  settings: Record<string, string> = {},
): Promise<{ exit: number; output: string }> {
  const env = {
    ...{ ...process.env, ...sandbox.environment, PORTCULLIS_DATA: data, PORTCULLIS_PORT: '0' },
    PORTCULLIS_HUB_REGION: hubRegion,
    ...settings,
  };
  const child = spawn(process.execPath, ['controlplane/main.ts', ...command.split(' ')], { cwd, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const patience = setTimeout(() => child.kill('SIGKILL'), 90_000);
  const exit = await new Promise<number>((ended) => child.once('exit', (code) => ended(code ?? -1)));
  clearTimeout(patience);
  return { exit, output };
}

test('doctor finds nothing wrong with a hub Region that needs no opt-in', async () => {
  const { exit, output } = await portcullis('doctor', 'eu-west-1');
  expect(output).toMatch(/✔ hub Region: eu-west-1 needs no opt-in/);
  expect(output).toMatch(/✔ Lambda concurrency: 222222222222 eu-west-1 has \d+ unreserved/);
  expect(output).toMatch(/✔ AWS plugin: the plugin in .* \(PORTCULLIS_AWS_PLUGIN\), not the official one/);
  expect(exit).toBe(0);
});

test('without a plugin and its download, serve and reconcile end at once with one error, and no stack fails', async () => {
  const settings = {
    PORTCULLIS_AWS_PLUGIN: '',
    PULUMI_HOME: join(data, 'pulumi-home'),
    PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES: '.*=http://127.0.0.1:9',
  };
  const doctor = await portcullis('doctor', 'eu-west-1', settings);
  expect(doctor.output).toMatch(
    /✘ AWS plugin: the official plugin \S+ is not in .*npm run setup -- --production/,
  );
  expect(doctor.exit).toBe(3);
  for (const command of ['serve', 'reconcile --all']) {
    const { exit, output } = await portcullis(command, 'eu-west-1', settings);
    expect(output.match(/the AWS plugin \S+ cannot be installed/g)).toHaveLength(1);
    expect(output).toMatch(/npm run setup -- --production/);
    expect(output).not.toMatch(/\n {4}at |stack-failed|account-\d/);
    expect(exit).toBe(2);
  }
});

test('a hub Region that needs an opt-in is refused by serve and reported by doctor', async () => {
  const region = sandbox.organization.optInRegion;
  const refusal = new RegExp(`PORTCULLIS_HUB_REGION: ${region} needs an opt-in .*Choose a Region`);
  const serve = await portcullis('serve', region);
  expect(serve.output).toMatch(refusal);
  expect(serve.exit).toBe(2);
  const doctor = await portcullis('doctor', region);
  expect(doctor.output).toMatch(refusal);
  expect(doctor.exit).toBe(3);
});
