import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';

const cwd = fileURLToPath(new URL('../../..', import.meta.url));
let sandbox: Sandbox;
let data: string;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'portcullis-doctor-'));
  sandbox = await startSandbox();
});
afterAll(async () => {
  await sandbox?.stop();
  await rm(data, { recursive: true, force: true });
});

/** One command in a process of its own, to its end. */
async function portcullis(command: string, hubRegion: string): Promise<{ exit: number; output: string }> {
  const env = {
    ...{ ...process.env, ...sandbox.environment, PORTCULLIS_DATA: data, PORTCULLIS_PORT: '0' },
    PORTCULLIS_HUB_REGION: hubRegion,
  };
  const child = spawn(process.execPath, ['controlplane/main.ts', command], { cwd, env });
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
  expect(exit).toBe(0);
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
