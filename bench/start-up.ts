import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { statusOf } from '../test/unit/controlplane/cli/status-sample.ts';
import { type Figures, median } from './figures.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const fixtures = 'test/fixtures/policy-commands';
const policyTest = ['test', '--policy', `${fixtures}/policy.yaml`, '--groups', `${fixtures}/groups.json`];

/** The command lines that are measured; each prints at least one line. */
const commandLines: Readonly<Record<string, readonly string[]>> = {
  'portcullis --help': ['--help'],
  'portcullis status': ['status'],
  'portcullis policy test': ['policy', ...policyTest],
};

/** A service on the loopback with one account, which answers at once. */
async function instantService() {
  const server = createServer((request, response) => {
    response.end(JSON.stringify(request.url === '/v1/status' ? statusOf() : {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, stop: () => void server.close() };
}

/** Milliseconds from the start of a process to its first line, or to its end where it prints none. */
async function firstLine(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, [...args], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let first: number | undefined;
  child.stdout.on('data', () => {
    first ??= performance.now() - start;
  });
  const [code] = await once(child, 'close');
  // 3 where status has nothing to show, or the policy forbids something.
  if (code !== 0 && code !== 3) throw new Error(`${args.join(' ')} ended with ${code}`);
  return first ?? performance.now() - start;
}

/** Measures how long the command line takes to its first line, beside a Node that does nothing. */
export async function measureStartUp(
  figures: Figures,
  { quick, progress }: { quick: boolean; progress: (line: string) => void },
): Promise<void> {
  const times = quick ? 3 : 10;
  progress(`${times} starts of each command line, each beside a bare node …`);
  const service = await instantService();
  try {
    for (const [name, words] of Object.entries(commandLines)) {
      const line = () =>
        firstLine(['controlplane/portcullis.mjs', ...words], { PORTCULLIS_URL: service.url });
      await line(); // fills the compile cache, as the first use after an installation does
      const [bare, starts]: [number[], number[]] = [[], []];
      for (let index = 0; index < times; index += 1) {
        bare.push(await firstLine(['-e', '0'], {}));
        starts.push(await line());
      }
      const [one, other] = [median(starts), median(bare)];
      figures.add(`${name} to its first line, median`, one, 'ms');
      figures.add(`${name} to its first line - node -e 0, medians`, one - other, 'ms', { atMost: 300 });
      figures.add(`${name} to its first line / node -e 0, medians`, one / other, 'ratio');
    }
  } finally {
    service.stop();
  }
}
