import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import packageFile from '../../../../package.json' with { type: 'json' };
import { type Postgres, postgresPrograms, startPostgres } from '../../../worlds/postgres.ts';
import { until } from '../../../worlds/until.ts';
import { runOf, stackOf } from './run-sample.ts';

let data: string;
let answers: Record<string, unknown>;
let asked: string[];
let server: Server;
let url: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'portcullis-process-'));
  answers = {};
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.replace(/\?limit=500.*$/, '')}`);
    response.end(JSON.stringify(answers[(request.url ?? '').replace(/\?limit=500.*$/, '')] ?? {}));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await new Promise((done) => server.close(done));
  await rm(data, { recursive: true });
});

/** Starts the command as a process; `output` is what it wrote so far. */
function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}, nodeArguments: string[] = []) {
  const child = spawn(process.execPath, [...nodeArguments, 'controlplane/portcullis.mjs', ...args], {
    env: { PATH: process.env.PATH, PORTCULLIS_DATA: data, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const output = { out: '', complaint: '' };
  child.stdout?.on('data', (text) => {
    output.out += text;
  });
  child.stderr?.on('data', (text) => {
    output.complaint += text;
  });
  const ended = once(child, 'close').then(([exit, signal]) => ({ exit: exit ?? signal, ...output }));
  return { child, output, ended };
}

describe('portcullis.mjs', () => {
  const pretend = (field: string, value: string) => [
    '--import',
    `data:text/javascript,Object.defineProperty(process,'${field}',{value:${value}})`,
  ];
  const older = pretend('versions', "{...process.versions,node:'20.1.0'}");

  test('is the command that package.json names', () => {
    expect(packageFile.bin).toEqual({ portcullis: 'controlplane/portcullis.mjs' });
  });

  test('runs the command, and hands its exit code on', async () => {
    expect(await start(['--version']).ended).toMatchObject({ exit: 0, out: `${packageFile.version}\n` });
    expect(await start(['statsu']).ended).toMatchObject({ exit: 2, out: '' });
  });

  test.runIf(process.platform === 'linux')(
    'on an older Node runs it on the Node of the npm packages',
    async () => {
      expect(await start(['--version'], {}, older).ended).toMatchObject({
        exit: 0,
        out: `${packageFile.version}\n`,
      });
      expect((await start(['statsu'], {}, older).ended).exit).toBe(2);
    },
  );

  describe.runIf(process.platform === 'linux')('the memory of serve', () => {
    const report = `process.on('exit', () => console.log(JSON.stringify({
      options: process.execArgv, arenas: process.env.MALLOC_ARENA_MAX, pid: process.pid })))`;
    /** Without settings `serve` ends at once. */
    const limits = async (command: string, environment = {}, nodeArguments: string[] = []) => {
      const reporting = [...nodeArguments, '--import', `data:text/javascript,${encodeURIComponent(report)}`];
      const { child, ended } = start([command], environment, reporting);
      const { options, arenas, pid } = JSON.parse((await ended).out.trim().split('\n').at(-1) ?? '');
      expect(pid).toBe(child.pid);
      return { young: options.filter((each: string) => each.includes('semi-space')), arenas };
    };

    test('is limited, in the process that was started', async () => {
      expect(await limits('serve')).toEqual({ young: ['--max-semi-space-size=8'], arenas: '2' });
    });

    test('keeps the limits of an operator', async () => {
      expect(await limits('serve', { MALLOC_ARENA_MAX: '4' })).toMatchObject({ arenas: '4' });
      const young = ['--max-semi-space-size=32'];
      expect(await limits('serve', {}, young)).toEqual({ young });
      expect(await limits('serve', { NODE_OPTIONS: '--max-semi-space-size=32' })).toEqual({ young: [] });
    });

    test('another command runs as it was started', async () => {
      expect(await limits('--version')).toEqual({ young: [] });
    });
  });

  test('on an older Node without that package says so in one sentence', async () => {
    const elsewhere = [...older, ...pretend('platform', "'sunos'")];
    const { exit, out, complaint } = await start(['--version'], {}, elsewhere).ended;
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(complaint).toMatch(/^portcullis: Node 24 or newer is needed.*install Node 24.*\n$/);
  });
});

test('a defect is one sentence, and with LOG_LEVEL=debug its stack trace as well', async () => {
  answers['/v1/runs'] = { runs: [null] };
  const quiet = await start(['runs'], { PORTCULLIS_URL: url }).ended;
  expect(quiet).toMatchObject({ exit: 1, out: '' });
  expect(quiet.complaint).toMatch(/^portcullis: .*LOG_LEVEL=debug.*\n$/);
  const loud = await start(['runs'], { PORTCULLIS_URL: url, LOG_LEVEL: 'debug' }).ended;
  expect(loud.complaint.split('\n')[0]).toBe(quiet.complaint.trimEnd());
  expect(loud.complaint).toContain('    at ');
});

test('Ctrl-C leaves the run to the service, and says how to follow and how to end it', async () => {
  answers['/v1/reconcile'] = runOf({});
  answers['/v1/runs/r'] = runOf({ state: 'running', finishedAt: null, stacks: [stackOf('hub', 'running')] });
  const { child, ended } = start(['reconcile', '--all'], { PORTCULLIS_URL: url });
  await until(() => asked.includes('GET /v1/runs/r'));
  child.kill('SIGINT');
  const { exit, complaint } = await ended;
  expect(exit).toBe(130);
  expect(complaint).toContain('The reconcile continues in the service.');
  expect(complaint).toContain('portcullis follow r');
  expect(complaint).toContain('portcullis cancel r');
  expect(asked.filter((each) => each.includes('cancel'))).toEqual([]);
  answers['/v1/runs/r'] = runOf({ stacks: [stackOf('hub', 'succeeded')] });
  expect(await start(['follow', 'r'], { PORTCULLIS_URL: url }).ended).toMatchObject({ exit: 0 });
});

describe('serve while its Postgres does not answer', () => {
  const freePort = async () => {
    const socket = createSocket().listen(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address() as AddressInfo;
    await new Promise((done) => socket.close(done));
    return port;
  };
  const started = async (databaseUrl: string) => {
    const port = await freePort();
    await writeFile(
      join(data, 'policy.yaml'),
      'version: 1\nrules: [{ name: all, match: {}, mode: observe }]\n',
    );
    await mkdir(join(data, 'plugin'), { recursive: true });
    await writeFile(join(data, 'plugin', 'pulumi-resource-aws'), '', { mode: 0o755 });
    const service = start(['serve'], {
      ...{ PORTCULLIS_AWS_PLUGIN: join(data, 'plugin') },
      ...{ PORTCULLIS_HUB_ACCOUNT: '222222222222', PORTCULLIS_HUB_REGION: 'eu-west-1' },
      ...{ PORTCULLIS_POLICY: join(data, 'policy.yaml'), PULUMI_CONFIG_PASSPHRASE: 'x' },
      ...{ PORTCULLIS_PORT: String(port), DATABASE_URL: databaseUrl },
      ...{ AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    });
    return { ...service, get: (path: string) => fetch(`http://127.0.0.1:${port}${path}`) };
  };
  const serve = async (databaseUrl: string) => {
    const service = await started(databaseUrl);
    const { get } = service;
    const reason = async () => ((await (await get('/readyz')).json()) as { reason: string }).reason;
    const waits = async () => (await reason().catch(() => '')).includes('does not answer');
    await until(async () => service.child.exitCode !== null || (await waits()));
    return { ...service, reason };
  };

  test('is alive and not ready, names the host and no password, and ends on SIGTERM', async () => {
    const { child, ended, get, reason } = await serve('postgres://portcullis:hunter2@127.0.0.1:1/portcullis');
    expect((await get('/readyz')).status).toBe(503);
    expect(await reason()).toBe('the database at 127.0.0.1:1 does not answer: ECONNREFUSED');
    expect((await get('/healthz')).status).toBe(200);
    expect(await (await get('/v1/runs')).json()).toMatchObject({ code: 'store-unreachable' });
    child.kill('SIGTERM');
    const { exit, complaint } = await ended;
    expect(exit).toBe(0);
    expect(complaint).not.toMatch(/hunter2|\n {4}at /);
  });

  test('ends with an error when its start fails after SIGTERM', async () => {
    const connections: Socket[] = [];
    const refusing = createSocket((socket) => connections.push(socket)).listen(0, '127.0.0.1');
    try {
      await once(refusing, 'listening');
      const { port } = refusing.address() as AddressInfo;
      const { child, ended } = await started(`postgres://portcullis@127.0.0.1:${port}/portcullis`);
      await until(() => connections.length > 0);
      child.kill('SIGTERM');
      await rest(300);
      const refusal = 'SFATAL\0C28000\0Mno entry in pg_hba.conf\0\0';
      const length = Buffer.alloc(4);
      length.writeInt32BE(4 + refusal.length);
      connections[0]?.end(Buffer.concat([Buffer.from('E'), length, Buffer.from(refusal)]));
      const { exit, complaint } = await ended;
      expect(exit).toBe(1);
      expect(complaint).toContain('(DATABASE_URL) cannot be opened: 28000');
    } finally {
      refusing.close();
    }
  });

  test('goes on with its start once it answers', async ({ skip }) => {
    const programs = postgresPrograms();
    if (!programs) return skip('initdb and postgres are not installed');
    const postgres: Postgres = await startPostgres(programs);
    try {
      const databaseUrl = await postgres.database('late');
      await postgres.down();
      const { child, reason } = await serve(databaseUrl);
      await postgres.up();
      // What comes after the database needs AWS, which is not here.
      await until(
        async () => child.exitCode !== null || (await reason().catch(() => '')) === 'the service is starting',
      );
    } finally {
      await postgres.stop();
    }
  });
});
