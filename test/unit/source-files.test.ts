import { spawn } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { inFolder, repository, sources, text, tracked } from '../worlds/repository.ts';

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

  test('a folder fits on one screen: about 20 files, 25 of tests', () => {
    const files = Map.groupBy(sources, (file) => path.posix.dirname(file));
    const crowded = [...files].filter(
      ([folder, inside]) => inside.length > (folder.startsWith('test/') ? 26 : 22),
    );
    expect(crowded.map(([folder, { length }]) => `${folder}: ${length}`)).toEqual([]);
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
      .filter((file) => !/(^|\/)(main\.ts|portcullis\.mjs)$/.test(file));
    expect(files.length).toBeGreaterThan(0);
    const { output, code, lingeringMs } = await importInChild(files);
    expect({ output, code }).toEqual({ output: '', code: 0 });
    expect(lingeringMs, 'milliseconds from the last import to the end of the process').toBeLessThan(5000);
  });
});

/** Imports the files in one process of their own, which has 90 s to end. */
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
