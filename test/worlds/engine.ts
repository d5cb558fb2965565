import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { SQS } from '@aws-sdk/client-sqs';
import { strToU8, zipSync } from 'fflate';
import type { EngineSettings } from '../../controlplane/pulumi/cli.ts';
import { type Engine, pulumiEngine } from '../../controlplane/pulumi/engine.ts';
import type { Operation, OperationKind } from '../../controlplane/pulumi/operation.ts';
import type { DesiredStack } from '../../controlplane/stacks/desired.ts';
import { buildProvider } from '../../sandbox/provider/build.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';

const account = '222222222222';
const region = 'eu-west-1';
const hubAt = { partition: 'aws', accountId: account, region };

/** Has the engine carry an operation out, on a stack that nothing is wrong with where `change` does not say so. */
export const operate = (
  engine: Pick<Engine, 'operate'>,
  kind: OperationKind,
  stack: DesiredStack,
  { signal = new AbortController().signal, ...change }: Partial<Operation> & { signal?: AbortSignal } = {},
) => engine.operate({ kind, stack, recover: false, known: true, ...change }, signal);

export const accountStack = (...regions: string[]): DesiredStack => ({
  key: `account-${account}`,
  generation: 'any',
  arguments: {
    kind: 'account',
    place: { partition: 'aws', accountId: account, region },
    hub: hubAt,
    organizationId: 'o-portcullis',
    narrowing: false,
    securityHub: false,
    trails: {},
    cells: regions.map((each) => ({ region: each, lifecycle: false })),
  } as DesiredStack['arguments'],
});

export const hubStack = (bundle: string): DesiredStack => ({
  key: 'hub',
  generation: 'any',
  arguments: {
    kind: 'hub',
    place: { partition: 'aws', accountId: account, region },
    organizationId: 'o-portcullis',
    bundle: { file: bundle, sha256: createHash('sha256').update(readFileSync(bundle)).digest('hex') },
    securityHub: false,
    logRetentionDays: 90,
  } as DesiredStack['arguments'],
});

const changing = /^(Create|Put|Add|Set|Update|Tag|POST|PUT)/;

function actionOf(call: IncomingMessage, body: Buffer): string {
  const target = String(call.headers['x-amz-target'] ?? '')
    .split('.')
    .pop();
  return target || /Action=(\w+)/.exec(body.toString('utf8'))?.[1] || `${call.method} ${call.url}`;
}

/** What happens at the n-th call that changes something: `before` it reaches AWS, or `after` it was carried out there. */
interface Strike {
  readonly at: number;
  readonly when: 'before' | 'after';
  readonly act: () => void;
}

/** Stands before the sandbox and passes every call on unchanged, but for the one that is struck: it gets no answer. */
async function strikingProxy(endpoint: string) {
  const to = new URL(endpoint);
  let strike: Strike | undefined;
  let count = 0;
  const struck = (call: IncomingMessage, body: Buffer): Strike | undefined => {
    if (!strike || !changing.test(actionOf(call, body))) return undefined;
    count += 1;
    return count === strike.at ? strike : undefined;
  };
  const pass = async (call: IncomingMessage, answer: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of call) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const hit = struck(call, body);
    const end = () => {
      hit?.act();
      call.socket.destroy();
    };
    if (hit?.when === 'before') return end();
    const { method, url: path, headers } = call;
    const on = request({ host: to.hostname, port: to.port, method, path, headers }, (got) => {
      if (hit) got.resume().once('end', end);
      else got.pipe(answer.writeHead(got.statusCode ?? 500, got.headers));
    });
    on.once('error', () => call.socket.destroy()).end(body);
  };
  const server = createServer((call, answer) => void pass(call, answer).catch(() => call.socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    strike(next: Strike | undefined) {
      strike = next;
      count = 0;
    },
    close: () => server.close(),
  };
}

/** A new temporary directory. `restore` deletes it, and gives the process the environment back that it has now. */
export function scratch(name: string) {
  const directory = mkdtempSync(join(tmpdir(), `portcullis-${name}-`));
  const before = { ...process.env };
  const restore = () => {
    for (const variable of Object.keys(process.env)) if (!(variable in before)) delete process.env[variable];
    Object.assign(process.env, before);
    rmSync(directory, { recursive: true, force: true });
  };
  return { directory, restore };
}

/** The real engine on a sandbox without an organization, with what there is in it to be asked. */
export async function engineWorld() {
  const { directory, restore } = scratch('engine');
  const [plugin, sandbox] = await Promise.all([buildProvider(), startSandbox({ seed: false })]);
  const proxy = await strikingProxy(sandbox.endpoint);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: proxy.url,
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: 'test',
    PULUMI_CONFIG_PASSPHRASE: 'test',
  });
  const bundle = join(directory, 'index.zip');
  writeFileSync(bundle, zipSync({ 'index.mjs': strToU8('export const handler = async () => undefined;') }));
  const clients = sandbox.root(account, region);
  const children: ChildProcess[] = [];
  const settings = (data: string, state?: string): EngineSettings => ({
    data: join(directory, data),
    state: state ?? `file://${join(directory, data)}/state`,
    secretsProvider: 'passphrase',
    awsPlugin: plugin,
  });
  return {
    directory,
    bundle,
    proxy,
    clients,
    settings,
    engine: (data: string, state?: string) => pulumiEngine(settings(data, state)),
    /** A process of its own that makes the stack; the last line of its output says what came of it. */
    worker(at: EngineSettings, stack: DesiredStack): ChildProcess {
      const script = new URL('./engine-worker.ts', import.meta.url).pathname;
      const child = spawn(process.execPath, [script, JSON.stringify({ settings: at, stack })], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.push(child);
      return child;
    },
    /** Names of what there is in AWS, by kind, sorted. */
    async there() {
      const [roles, queues, rules] = await Promise.all([
        new IAM(clients).listRoles({}),
        new SQS(clients).listQueues({}),
        new EventBridge(clients).listRules({}),
      ]);
      return {
        roles: (roles.Roles ?? [])
          .map(({ RoleName }) => RoleName ?? '')
          .filter(isOurs)
          .sort(),
        queues: (queues.QueueUrls ?? []).map((url) => url.split('/').pop() ?? '').sort(),
        rules: (rules.Rules ?? []).map(({ Name }) => Name ?? '').sort(),
      };
    },
    async stop() {
      for (const child of children) child.kill('SIGKILL');
      proxy.close();
      await sandbox.stop();
      restore();
    },
  };
}

const isOurs = (name: string): boolean => name.startsWith('portcullis');

export type EngineWorld = Awaited<ReturnType<typeof engineWorld>>;
