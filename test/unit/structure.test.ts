import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const repository = path.resolve(import.meta.dirname, '../..');
const tracked = execFileSync('git', ['ls-files'], { cwd: repository, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(repository, file)));
const sources = tracked.filter((file) => /\.(ts|tsx|mjs|js|py|sh)$/.test(file) || file === '.ci/run');
const modules = sources.filter((file) => /\.(ts|tsx|mjs|js)$/.test(file));
const text = (file: string) => readFileSync(path.join(repository, file), 'utf8');
const inFolder = (folder: string) => modules.filter((file) => file.startsWith(`${folder}/`));

/** Everything a module imports: packages by name, our own files by their path in the repository. */
function importsOf(file: string): string[] {
  return ts.preProcessFile(text(file)).importedFiles.map(({ fileName }) => {
    return fileName.startsWith('.') ? path.posix.join(path.posix.dirname(file), fileName) : fileName;
  });
}

/** The files or folders of ours that a folder may import besides itself; DESIGN's arrows. */
const arrows: Record<string, string[]> = {
  // The policy commands try a policy by the very code that reads events and judges.
  controlplane: ['programs/', 'lambda/policy/', 'lambda/contract/', 'lambda/event/'],
  'controlplane/store': [
    'controlplane/settings/',
    'controlplane/stacks/',
    'lambda/policy/',
    'lambda/contract/',
  ],
  programs: ['lambda/bundle.ts', 'lambda/policy/'],
  lambda: [],
  'lambda/policy': [],
  'lambda/contract': ['lambda/policy/'],
  'lambda/event': [],
  sandbox: [],
  web: ['controlplane/'],
};
/** The demo is what the sandbox is for: it starts the control plane. */
const mayImportAnything = (file: string) =>
  file === 'sandbox/demo/main.ts' || file.startsWith('sandbox/demo/');

describe('imports between folders', () => {
  test.each(Object.entries(arrows))('%s imports only what its arrow allows', (folder, allowed) => {
    const offending = inFolder(folder)
      .filter((file) => !mayImportAnything(file))
      .flatMap((file) => importsOf(file).map((imported) => [file, imported] as const))
      .filter(
        ([, imported]) => existsSync(path.join(repository, imported)) && !imported.startsWith(`${folder}/`),
      )
      .filter(([, imported]) => !allowed.some((prefix) => imported.startsWith(prefix)))
      .map(([file, imported]) => `${file} imports ${imported}`);
    expect(offending).toEqual([]);
  });

  test('no folder imports itself through others', () => {
    const folderOf = (file: string) => path.posix.dirname(file);
    // An entry point is imported by nothing.
    const files = ['controlplane', 'programs', 'lambda', 'sandbox']
      .flatMap(inFolder)
      .filter((file) => !file.endsWith('/main.ts'));
    const imports = Map.groupBy(
      files.flatMap((file) =>
        importsOf(file).map((imported) => [folderOf(file), folderOf(imported)] as const),
      ),
      ([folder]) => folder,
    );
    const reached = (folder: string, seen = new Set<string>()): Set<string> => {
      for (const [, next] of imports.get(folder) ?? [])
        if (next !== folder && !seen.has(next)) reached(next, seen.add(next));
      return seen;
    };
    expect([...imports.keys()].filter((folder) => reached(folder).has(folder))).toEqual([]);
  });

  test('every relative import names a file that exists', () => {
    const offending = modules.flatMap((file) =>
      importsOf(file)
        .filter(
          (imported) =>
            imported.includes('/') && /\.(ts|tsx|mjs)$/.test(imported) && !imported.startsWith('@'),
        )
        .filter((imported) => !existsSync(path.join(repository, imported)))
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(offending).toEqual([]);
  });

  test('the page takes nothing but types from the control plane', () => {
    const values = /^\s*(?:import|export)\s+(?!type\b)[^;]*?from\s+'[^']*controlplane\//m;
    expect(inFolder('web').filter((file) => values.test(text(file)))).toEqual([]);
  });
});

describe('one place for each door to the world, in controlplane', () => {
  const controlplane = inFolder('controlplane');
  const importing = (name: RegExp) =>
    controlplane.filter((file) => importsOf(file).some((imported) => name.test(imported)));
  const containing = (pattern: RegExp) => controlplane.filter((file) => pattern.test(text(file)));

  test.each([
    ['imports the Automation API', importing(/^@pulumi\/pulumi\/automation/)],
    ['reads the environment', containing(/\bprocess\.env\b/)],
    ['imports Express', importing(/^express$/)],
    ['makes AWS clients', containing(/new \w+Client\(/)],
  ])('at most one file %s', (_, files) => {
    expect(files.slice(1), `besides ${files[0]}`).toEqual([]);
  });
});

describe('source files', () => {
  test('no file has a name that says nothing', () => {
    const empty = /(^|\/)(utils?|common|helpers?|shared|types|constants)(\.[^/]*)?$/;
    expect(sources.filter((file) => empty.test(file))).toEqual([]);
  });

  test('no file is longer than 250 lines, but for those listed with a reason', () => {
    const listed: Record<string, string> = {};
    const long = sources.filter((file) => text(file).trimEnd().split('\n').length > 250);
    expect(long).toEqual(Object.keys(listed));
  });

  test('no file holds the path of one machine or the host of a registry', () => {
    const folders = ['home', 'Users', 'root', 'work', 'workspace'].join('|');
    const hosts = [
      'registry.npmjs',
      'npm.pkg',
      'pypi',
      'pythonhosted',
      'proxy.golang',
      'artifactory',
      'jfrog',
    ];
    const machine = new RegExp(
      `(?<![\\w.)/}*-])/(?:${folders})/\\w|//[\\w.-]*(?:${hosts.join('|')})[\\w.-]*[/:]`,
    );
    expect(tracked.filter((file) => machine.test(text(file)))).toEqual([]);
  });

  test('package-lock.json names no place to download from', () => {
    const { packages } = JSON.parse(text('package-lock.json')) as {
      packages: Record<string, { resolved?: string }>;
    };
    expect(Object.keys(packages).length).toBeGreaterThan(100);
    expect(Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
  });

  test('package-lock.json holds every optional package, those of other platforms too, or npm ci refuses', () => {
    const { packages } = JSON.parse(text('package-lock.json')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const locked = (name: string) =>
      Object.keys(packages).some(
        (key) => key === `node_modules/${name}` || key.endsWith(`/node_modules/${name}`),
      );
    const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(wanted.filter((name) => !locked(name))).toEqual([]);
  });
});

describe('importing a module', () => {
  test('does nothing: no output, no listener, no timer, no exit', { timeout: 120_000 }, async () => {
    const files = ['controlplane', 'programs', 'lambda']
      .flatMap(inFolder)
      .filter((file) => !/(^|\/)main\.ts$/.test(file));
    expect(files.length).toBeGreaterThan(0);
    const { output, code, lingeringMs } = await importInChild(files);
    expect({ output, code }).toEqual({ output: '', code: 0 });
    expect(lingeringMs, 'milliseconds from the last import to the end of the process').toBeLessThan(5000);
  });
});

/** Imports the files in one process of their own, which has 90 s to end by itself. */
async function importInChild(files: string[]) {
  const script = `
    for (const file of ${JSON.stringify(files)}) {
      await import(${JSON.stringify(`${repository}/`)} + file).catch((error) => {
        console.error(file, error);
        process.exitCode = 1;
      });
    }
    process.send('imported');
    process.disconnect();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    timeout: 90_000,
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout?.on('data', (data) => (output += data));
  child.stderr?.on('data', (data) => (output += data));
  let imported = 0;
  child.on('message', () => (imported = performance.now()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { output, code, lingeringMs: performance.now() - imported };
}
