import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const setup = path.resolve(import.meta.dirname, '../../../../sandbox/setup');

/** A machine with an empty home, and nothing on PATH but the programs that a test writes. */
let machine: string;
beforeEach(() => {
  machine = mkdtempSync(path.join(os.tmpdir(), 'portcullis-machine-'));
});
afterEach(() => rmSync(machine, { recursive: true, force: true }));

const versions = () => path.join(machine, '.pulumi', 'versions');
const program = (file: string, script: string) => {
  mkdirSync(path.join(machine, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(machine, file), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
};

function start(args: string[], folders = ['bin'], environment = {}) {
  const PATH = folders.map((folder) => path.join(machine, folder)).join(':');
  const child = spawn(process.execPath, args, {
    env: { HOME: machine, PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  return { kill: () => child.kill('SIGKILL'), end: async () => ({ exit: await ended, output }) };
}

/** What an expression over the exports of pulumi.mjs gives on the machine. */
const evaluate = (expression: string, folders?: string[], environment = {}) => {
  const code = `const { pulumiCli, languageHost } = await import(${JSON.stringify(path.join(setup, 'pulumi.mjs'))});
    const installer = process.env.INSTALLER;
    globalThis.fetch = async () => {
      if (installer === undefined) throw new Error('no network');
      return new Response(installer);
    };
    console.log(JSON.stringify((await ${expression}) ?? null));`;
  return start(['--input-type=module', '--eval', code], folders, environment);
};
const resultOf = async (expression: string, folders?: string[], environment = {}) =>
  JSON.parse((await evaluate(expression, folders, environment).end()).output);

test('doctor names everything that is missing, with what was found and the fix', async () => {
  program('bin/pulumi', 'echo v3.100.0');
  program('bin/python3', 'echo 3.11.2 False');
  const { exit, output } = await start([path.join(setup, 'doctor.mjs')]).end();
  expect(exit).toBe(1);
  expect(output).toMatch(/^ok +Node +24\./m);
  expect(output).toMatch(/^MISSING +npm +not found: install Node with npm$/m);
  expect(output).toMatch(
    /^MISSING +Pulumi CLI +no 3.* \(.*bin\/pulumi is 3\.100\.0; .* does not exist\): run `npm run setup`/m,
  );
  expect(output).toMatch(/^MISSING +Python +.*python3 \(3\.11\.2\) .*`apt-get install python3-venv`/m);
  expect(output).toMatch(/^absent +Go +1\.\d+.* not found: /m);
  expect(output).toMatch(/^Missing: npm, .*Pulumi CLI, Python/m);
});

describe('the Python of the sandbox', () => {
  const found = async () => (await start([path.join(setup, 'doctor.mjs')]).end()).output;

  test('is the first one that is new enough and can make an environment', async () => {
    program('bin/python3', 'echo 3.9.2 True');
    program('bin/python3.12', 'echo 3.12.1 False');
    program('bin/python3.11', 'echo 3.11.2 True');
    expect(await found()).toMatch(/^ok +Python +3\.11\.2 {2}.*bin\/python3\.11$/m);
  });

  test('none new enough: the message says which version is needed', async () => {
    program('bin/python3', 'echo 3.9.2 True');
    expect(await found()).toMatch(/^MISSING +Python +Python 3\.10 or newer is needed/m);
  });
});

describe('the Pulumi CLI', () => {
  test('is the first on PATH that can stand in for the pinned one', async () => {
    program('old/pulumi', 'echo v3.100.0');
    program('new/pulumi', 'echo v3.260.0');
    program('.pulumi/versions/3.259.0/bin/pulumi', 'echo v3.259.0');
    expect(await resultOf('pulumiCli.find()', ['old', 'new'])).toEqual({
      path: path.join(machine, 'new/pulumi'),
      version: '3.260.0',
    });
    expect(await resultOf('pulumiCli.find()', ['old'])).toMatchObject({ version: '3.259.0' });
  });

  test('that is found nowhere: one message with every reason and both fixes', async () => {
    program('bin/pulumi', 'echo v3.100.0');
    expect(await resultOf('pulumiCli.make(() => {})')).toMatch(
      /^no 3.* \(.*bin\/pulumi is 3\.100\.0; .* does not exist\), and it cannot be installed:\n.*official install: .* is not reachable \(no network\)\n.*build from the Go module: no Go on PATH\nInstall the CLI.*or install Go/,
    );
  });

  test('from an installer that leaves none that runs does not reach the cache, and is built', async () => {
    program('bin/sh', 'exec /bin/sh "$@"');
    program('bin/go', 'echo go1.20');
    const installers = [
      'exit 0',
      'printf "#!/bin/sh\\nexit 1" > "$3/bin/pulumi"; /bin/chmod +x "$3/bin/pulumi"',
    ];
    for (const INSTALLER of installers)
      expect(await resultOf('pulumiCli.make(() => {})', undefined, { INSTALLER })).toMatch(
        /official install: .*draft.*bin\/pulumi does not (exist|run: )[\s\S]*build from the Go module: Go 1/,
      );
    expect(readdirSync(versions())).toEqual([]);
  });

  test('is not built by a Go that is too old', async () => {
    program('bin/go', 'echo go1.20');
    expect(await resultOf('pulumiCli.make(() => {})')).toMatch(/Go 1\.\d+.* or newer is needed: go1\.20/);
  });
});

describe('a program built by Go', () => {
  /** A Go whose build does `build`; the file to write is $output. */
  const go = (build: string) =>
    program(
      'bin/go',
      `[ "$1" = env ] && { echo go1.99.0; exit; }
       while [ "$1" != -o ]; do shift; done; output=$2
       ${build}`,
    );

  test('is in the cache only when it is complete: a killed set-up leaves a draft, which the next one removes', async () => {
    go('echo half > "$output"; /bin/sleep 20');
    const killed = evaluate('languageHost.make(() => {})');
    const draft = () => readdirSync(versions()).find((name) => name.startsWith('3.259.0.draft'));
    await vi.waitFor(() => expect(readdirSync(path.join(versions(), draft() ?? '', 'bin'))).toHaveLength(1), {
      timeout: 10_000,
    });
    killed.kill();
    await killed.end();
    expect(await resultOf('languageHost.find()')).toMatch(/does not work without it/);
    expect(draft()).toBeDefined();

    go('echo whole > "$output"; /bin/chmod +x "$output"');
    expect(await resultOf('languageHost.make(() => {})')).toBeNull();
    expect(await resultOf('languageHost.find()')).toMatchObject({
      path: path.join(versions(), '3.259.0/bin/pulumi-language-nodejs'),
    });
    expect(readdirSync(versions())).toEqual(['3.259.0']);
  });

  test('that does not build: the reason has the last lines of Go', async () => {
    go('echo "no space left on device" >&2; exit 1');
    expect(await resultOf('languageHost.make(() => {})')).toMatch(
      /\(go build failed: no space left on device\)/,
    );
    expect(readdirSync(versions())).toEqual([]);
  });
});
