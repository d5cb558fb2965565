import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const at = (path: string) => JSON.stringify(new URL(`../../../../${path}`, import.meta.url).href);

/** What a script prints as JSON in a process of its own, which keeps the URL of every module that it loads in `loaded`. */
async function printed<T>(script: string): Promise<T> {
  const recorded = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    ${script}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', recorded]);
  return JSON.parse(stdout) as T;
}

const belongsTo =
  (...packages: string[]) =>
  (url: string) =>
    packages.some((name) => url.includes(`/node_modules/${name}/`));

test('the main thread of the service loads neither Pulumi nor TypeScript', async () => {
  const loaded = await printed<string[]>(`
    await import(${at('controlplane/service.ts')});
    console.log(JSON.stringify(loaded));`);
  expect(loaded.filter(belongsTo('piscina')).length).toBeGreaterThan(0);
  expect(loaded.filter(belongsTo('@pulumi', 'typescript', '@npmcli'))).toEqual([]);
});

test('the engine loads without TypeScript and Arborist, and a use of them has one clear error', async () => {
  const { loaded, reasons, own } = await printed<{ loaded: string[]; reasons: string[]; own: string }>(`
    import { createRequire } from 'node:module';
    import { omitClosurePackages } from ${at('controlplane/pulumi/closure-packages.ts')};
    omitClosurePackages();
    await import(${at('controlplane/pulumi/engine.ts')});
    const before = loaded.slice();
    const { runtime } = await import(${at('node_modules/@pulumi/pulumi/index.js')}).then((m) => m.default);
    const reasons = await Promise.all(
      [() => runtime.serializeFunction(() => 1), () => runtime.computeCodePaths()]
        .map((use) => use().then(() => 'no error', (error) => error.message)));
    const own = createRequire(${at('package.json')})('typescript').version;
    console.log(JSON.stringify({ loaded: before, reasons, own }));`);
  expect(loaded.filter(belongsTo('@pulumi/pulumi')).length).toBeGreaterThan(0);
  expect(loaded.filter(belongsTo('typescript', '@npmcli'))).toEqual([]);
  const refused = 'is not loaded here: programs of Portcullis must not serialize functions';
  expect(reasons).toEqual([
    expect.stringContaining(`typescript ${refused}`),
    expect.stringContaining(`@npmcli/arborist ${refused}`),
  ]);
  expect(own).toMatch(/^6\./);
});
