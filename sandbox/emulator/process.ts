import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Emulator } from '../gateway/call.ts';
import { exchange } from '../gateway/exchange.ts';

const repository = join(import.meta.dirname, '../..');

/** The Python interpreter that has ministack: `PORTCULLIS_PYTHON`, or the repository's own environment. */
function python(): string {
  const found = process.env.PORTCULLIS_PYTHON ?? join(repository, '.portcullis/python/bin/python');
  if (!existsSync(found)) throw new Error(`no Python environment at ${found}: run \`npm run setup\``);
  return found;
}

/** Only these reach the emulator, and so the functions that it runs: no credential of the machine does. */
function environment(gateway: URL, directory: string, token: string): Record<string, string> {
  return {
    PATH: `${join(repository, 'node_modules/.bin')}:${process.env.PATH ?? '/usr/bin:/bin'}`,
    LANG: 'C.UTF-8',
    PYTHONDONTWRITEBYTECODE: '1',
    HOME: directory,
    TMPDIR: directory,
    PORTCULLIS_SANDBOX_TOKEN: token,
    AUTH: 'true',
    LOG_LEVEL: 'WARNING',
    // Addresses that the emulator hands out (queue URLs, the endpoint of its functions) are the gateway's.
    MINISTACK_HOST: gateway.hostname,
    GATEWAY_PORT: gateway.port,
    AWS_ENDPOINT_URL: gateway.origin,
    MINISTACK_AUTOCREATE_AWS_MANAGED: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    DOCKER_HOST: 'unix:///nonexistent',
  };
}

async function port(child: ChildProcess, log: string): Promise<number> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [''])]);
  lines.close();
  if (/^\d+$/.test(line)) return Number(line);
  throw new Error(`the emulator did not start: ${readFileSync(log, 'utf8').trim().slice(-2000)}`);
}

/**
 * Starts ministack behind the gateway; files it writes stay in `directory`.
 * @throws when it does not start, with the end of its log
 */
export async function startEmulator(
  gateway: URL,
  directory: string,
): Promise<{ emulator: Emulator; agent: Agent; stop(): Promise<void> }> {
  mkdirSync(directory, { recursive: true });
  const token = randomBytes(16).toString('hex');
  const log = join(directory, 'emulator.log');
  const file = openSync(log, 'a');
  const child = spawn(python(), [join(import.meta.dirname, 'emulator.py')], {
    cwd: directory,
    env: environment(gateway, directory, token),
    stdio: ['pipe', 'pipe', file],
  });
  closeSync(file);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const stop = async (): Promise<void> => {
    agent.destroy();
    child.stdin?.destroy(); // it ends, with its functions, when its standard input closes
    await exited;
  };
  try {
    const endpoint = `http://127.0.0.1:${await port(child, log)}`;
    return { emulator: client(endpoint, token, agent), agent, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function client(endpoint: string, token: string, agent: Agent): Emulator {
  return {
    endpoint,
    root: (accountId, region) => ({
      endpoint,
      region,
      credentials: { accessKeyId: accountId, secretAccessKey: 'test' },
    }),
    async admin(path, body) {
      const answer = await exchange(agent, endpoint, {
        method: 'POST',
        path: `/_sandbox/${path}`,
        headers: { 'content-type': 'application/json', 'x-sandbox-token': token },
        body: Buffer.from(JSON.stringify(body)),
      });
      if (answer.status !== 200) throw new Error(`emulator route ${path}: ${answer.body.toString()}`);
      return JSON.parse(answer.body.toString());
    },
  };
}
