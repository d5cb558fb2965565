import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { commandGroups } from '../../../../controlplane/cli/definitions.ts';
import { outcomes } from '../../../../lambda/contract/result.ts';
import packageFile from '../../../../package.json' with { type: 'json' };
import { cli } from './cli.ts';
import { runOf } from './run-sample.ts';
import { serviceOfTests } from './service.ts';

const service = serviceOfTests();
let answer: { status: number; body: unknown };
beforeEach(() => {
  answer = { status: 200, body: runOf({}) };
  service.other = () => answer;
});
afterEach(() => void vi.restoreAllMocks());

describe('wrong use', () => {
  test.each<[string[], string]>([
    [['statsu'], "unknown command 'statsu'; did you mean status?"],
    [['toString'], "unknown command 'toString'"],
    [['remediations', '--outcom', 'clean'], "unknown option '--outcom'; did you mean --outcome?"],
    // It belongs to another command.
    [['status', '--account', '300000000001'], "unknown option '--account'"],
    [['reconcile', 'extra', '--all'], "too many arguments for 'reconcile'"],
    [['pause'], "missing required argument 'run'"],
    [['reconcile', '--account'], '--account needs a value'],
    [['reconcile', '--account', '--region', 'eu-west-1'], '--account needs a value'],
    [['--nonsense'], "unknown option '--nonsense'"],
    [['policy', 'tset'], "unknown command 'tset'; did you mean test?"],
    [['policy', 'diff', 'one', '--against', 'x'], "missing required argument 'new'"],
  ])('%j is 2, says why and where the help is, and sends nothing', async (args, why) => {
    const { exit, out, complaint } = await cli(...args);
    expect({ exit, out, asked: service.asked }).toEqual({ exit: 2, out: '', asked: [] });
    expect(complaint).toContain(`portcullis: ${why}`);
    if (!complaint.includes('needs a value')) expect(complaint).toContain('--help');
  });

  test('no command shows the commands: 2', async () => {
    expect(await cli()).toMatchObject({ exit: 2, out: '', complaint: expect.stringContaining('reconcile') });
  });

  test('with --json is an error in JSON', async () => {
    const { exit, out, complaint } = await cli('status', '--jsno', '--json');
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    const { error } = JSON.parse(complaint);
    expect(error).toEqual({
      code: 'invalid-request',
      message: "unknown option '--jsno'; did you mean --json?\nSee: portcullis status --help",
    });
  });
});

describe('help', () => {
  test('of every command shows its own options, and --version the version: 0', async () => {
    for (const [name, { options }] of Object.values(commandGroups).flatMap((group) =>
      Object.entries(group),
    )) {
      const { exit, out } = await cli(name, '--help');
      expect(exit).toBe(0);
      expect(out).toContain(`Usage: portcullis ${name}`);
      for (const [flags] of options) expect(out).toContain(flags.replace('...', ''));
    }
    expect(await cli('--version')).toEqual({ exit: 0, out: `${packageFile.version}\n`, complaint: '' });
    expect((await cli('--help')).out).toContain('end-exception');
  });

  test('names every outcome that remediations can be narrowed to', async () => {
    const { out } = await cli('remediations', '--help');
    for (const outcome of outcomes) expect(out.replace(/\s+/g, ' ')).toContain(outcome);
  });
});

describe('the whole organization', () => {
  test.each(['reconcile', 'verify'])(
    '%s without a scope and without a terminal is 2, and sends nothing',
    async (name) => {
      const { exit, complaint } = await cli(name);
      expect({ exit, asked: service.asked }).toEqual({ exit: 2, asked: [] });
      expect(complaint).toContain('--all');
    },
  );

  test.each(['reconcile', 'verify'])('%s --all names the whole organization to the service', async (name) => {
    await cli(name, '--all');
    const sent = service.asked.find(({ path }) => path === `/v1/${name}`)?.body ?? '{}';
    expect(JSON.parse(sent)).toMatchObject({ scope: 'organization' });
  });

  test('--all beside a part of the organization is 2', async () => {
    expect(await cli('reconcile', '--all', '--account', '300000000001')).toMatchObject({
      exit: 2,
      complaint: expect.stringContaining('--all is the whole organization'),
    });
    expect(service.asked).toEqual([]);
  });

  test.each([
    ['yes\n', 0, 2],
    ['\n', 2, 0],
  ])('a terminal is asked, and %j is the answer', async (typed, exit, requests) => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as unknown as typeof process.stdin);
    const question = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    input.write(typed);
    expect((await cli('reconcile')).exit).toBe(exit);
    expect(question.mock.calls.join('')).toContain('every account of the organization?');
    expect(service.asked).toHaveLength(requests);
  });
});

describe('options that npm took', () => {
  test.each<[string[], Record<string, string>, string]>([
    [['reconcile'], { account: '300000000001' }, 'reconcile --account 300000000001'],
    [
      ['reconcile'],
      { account: '1\n\n2', only_changed: 'true' },
      'reconcile --account 1 --account 2 --only-changed',
    ],
    // npm run portcullis reconcile --account 300000000001
    [['reconcile', '300000000001'], { account: 'true' }, 'reconcile --account 300000000001'],
    [['reconcile'], { all: 'true' }, 'reconcile --all'],
    [['status'], { json: 'true' }, 'status --json'],
    [['restore', 'r'], { why: 'a partner' }, "restore r --why 'a partner'"],
    [['policy', 'test'], { groups: 'g.json' }, 'policy test --groups g.json'],
  ])('%j with %j is 2 with the command line to write, and sends nothing', async (args, taken, line) => {
    for (const [name, value] of Object.entries(taken)) vi.stubEnv(`npm_config_${name}`, value);
    const { exit, complaint } = await cli(...args);
    expect({ exit, asked: service.asked }).toEqual({ exit: 2, asked: [] });
    expect(complaint).toContain('npm took --');
    expect(complaint.split('npx portcullis ')[1]?.split(' --').toSorted()).toEqual(
      line.split(' --').toSorted(),
    );
  });

  test('do not include the settings in npm’s configuration files', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'portcullis-npm-'));
    await writeFile(join(directory, '.npmrc'), 'fund=false\r\njson = "true" ; always\r\nregion=eu-west-1\n');
    for (const name of ['npm_config_local_prefix', 'npm_config_userconfig', 'npm_config_globalconfig'])
      vi.stubEnv(name, join(directory, 'none'));
    vi.stubEnv('npm_config_json', 'true');
    expect((await cli('status')).complaint).toContain('npm took --json');
    vi.stubEnv('npm_config_local_prefix', directory);
    expect((await cli('runs')).complaint).not.toContain('npm took');
    vi.stubEnv('npm_config_account', '300000000001');
    expect((await cli('reconcile')).complaint).toMatch(/npm took --account for itself/);
    vi.stubEnv('npm_config_account', '');
    vi.stubEnv('npm_config_region', 'us-east-1');
    expect((await cli('reconcile')).complaint).toMatch(/npm took --region for itself.*--region us-east-1/);
    await rm(directory, { recursive: true });
  });

  test('that were given as well, or that the command does not have, change nothing', async () => {
    vi.stubEnv('npm_config_account', '300000000001');
    vi.stubEnv('npm_config_yes', 'true');
    expect((await cli('runs')).complaint).not.toContain('npm');
    expect((await cli('reconcile', '--account=300000000002')).exit).toBe(0);
    expect(service.asked.find(({ path }) => path === '/v1/reconcile')?.body).toContain('300000000002');
  });
});

describe('values', () => {
  test.each<[string[], string]>([
    [['remediations', '--outcome', 'remdiated'], '--outcome must not be remdiated. Did you mean remediated?'],
    [['remediations', '--outcome', 'zzzzzzzzzzzz'], 'It is one of: remediated, escalated'],
    [['audit', '--what', 'run requestet'], 'Did you mean run requested?'],
    [['audit', '--limit', 'ten'], '--limit must be a whole number, not ten'],
    [['reconcile', '--all', '--parallel', '-1'], '--parallel needs a value'],
    [['reconcile', '--all', '--max-failures=-1'], '--max-failures must be a whole number, not -1'],
  ])('%j is 2 and sends nothing', async (args, why) => {
    const { exit, complaint } = await cli(...args);
    expect({ exit, asked: service.asked }).toEqual({ exit: 2, asked: [] });
    expect(complaint).toContain(why);
  });

  test('that the service refuses are named by their flags', async () => {
    const message =
      'accounts.0: must be a 12-digit account id; rollout.waves.1: must be a wave; expires: late';
    answer = { status: 400, body: { code: 'invalid-request', detail: message } };
    expect((await cli('reconcile', '--account', '12')).complaint).toBe(
      'portcullis: --account: must be a 12-digit account id; --wave: must be a wave; --expires: late',
    );
  });
});

describe('a service that asks for a token', () => {
  test('is an error that names the variable, not a header', async () => {
    answer = {
      status: 401,
      body: { code: 'unauthenticated', detail: 'send Authorization: Bearer' },
    };
    expect(await cli('runs')).toMatchObject({
      exit: 1,
      complaint: expect.stringMatching(/asks for a token; set PORTCULLIS_TOKEN$/),
    });
    vi.stubEnv('PORTCULLIS_TOKEN', 'a-token-that-is-not-known');
    const { complaint } = await cli('runs', '--json');
    expect(JSON.parse(complaint).error).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('does not know this token'),
    });
  });
});

test('--json prints one JSON value on standard output, for every command', async () => {
  const { out } = await cli('reconcile', '--all', '--json');
  expect(JSON.parse(out)).toMatchObject({ id: 'r', state: 'succeeded', stacks: [] });
  expect(JSON.parse((await cli('pause', 'r', '--json')).out)).toMatchObject({ id: 'r' });
  answer = { status: 200, body: { id: 'new', before: 'old' } };
  expect(JSON.parse((await cli('take-over', '--yes', '--json')).out)).toEqual({ id: 'new', before: 'old' });
});
