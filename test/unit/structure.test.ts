import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, inFolder, modules, repository, text } from '../worlds/repository.ts';

/**
 * The house: the layer of each folder, and what its top-level folder may import of the others. A folder imports folders
 * of a lower layer, or of its own layer where no circle arises; folders below it belong to its layer.
 */
const house: Record<string, { may: readonly string[]; layers: Record<string, number> }> = {
  lambda: {
    may: [],
    layers: {
      policy: 0,
      contract: 0,
      event: 0,
      aws: 1,
      ledger: 1,
      notify: 2,
      remediation: 3,
      'handler.ts': 4,
      'batch.ts': 4,
      'index.ts': 5,
      'bundle.ts': 5,
    },
  },
  programs: { may: ['lambda/bundle.ts', 'lambda/policy'], layers: {} },
  controlplane: {
    // The policy commands try a policy by the very code that reads events and evaluates.
    may: ['programs', 'lambda/policy', 'lambda/contract', 'lambda/event'],
    layers: {
      settings: 0,
      stacks: 0,
      time: 0,
      store: 1,
      telemetry: 1,
      aws: 2,
      queue: 2,
      pulumi: 2,
      organization: 3,
      trails: 3,
      // The type of what a service is made of: above what it is made of, below what uses it.
      services: 3,
      reconcile: 4,
      runs: 5,
      offboarding: 5,
      remediations: 5,
      verify: 5,
      sweep: 5,
      background: 6,
      http: 6,
      'service.ts': 7,
      cli: 8,
      'main.ts': 9,
      'portcullis.mjs': 9,
    },
  },
  sandbox: {
    may: [],
    layers: {
      gateway: 0,
      organizations: 1,
      eventbridge: 1,
      cloudtrail: 1,
      emulator: 1,
      provider: 1,
      seed: 2,
      setup: 2,
      'assembly.ts': 3,
      'sandbox.ts': 4,
      'main.ts': 5,
      demo: 5,
    },
  },
  web: { may: ['controlplane'], layers: {} },
};
const topOf = (file: string) => file.split('/')[0] ?? '';
const layerOf = (file: string) => house[topOf(file)]?.layers[file.split('/')[1] ?? ''];

describe('imports between folders', () => {
  test.each(Object.entries(house))('%s imports only what it may of the others', (folder, { may }) => {
    const offending = inFolder(folder)
      .flatMap((file) => importsOf(file).map((imported) => [file, imported] as const))
      .filter(
        ([, imported]) => existsSync(path.join(repository, imported)) && !imported.startsWith(`${folder}/`),
      )
      .filter(([, imported]) => !may.some((prefix) => `${imported}/`.startsWith(`${prefix}/`)))
      // The demo is what the sandbox is for: it starts the control plane.
      .filter(([file]) => !file.startsWith('sandbox/demo/'))
      .map(([file, imported]) => `${file} imports ${imported}`);
    expect(offending).toEqual([]);
  });

  test('every file of a folder with layers has one', () => {
    const layered = Object.keys(house).filter(
      (folder) => Object.keys(house[folder]?.layers ?? {}).length > 0,
    );
    const files = layered.flatMap(inFolder);
    expect(files.filter((file) => layerOf(file) === undefined)).toEqual([]);
  });

  test('no folder imports one of a higher layer', () => {
    const offending = modules.flatMap((file) =>
      importsOf(file)
        .filter((imported) => topOf(imported) === topOf(file))
        .filter((imported) => (layerOf(imported) ?? 0) > (layerOf(file) ?? Number.POSITIVE_INFINITY))
        .map((imported) => `${file} imports ${imported}`),
    );
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

  // It runs on a Node without TypeScript, and hands the environment to the process that it starts.
  const launcher = 'controlplane/portcullis.mjs';

  test.each([
    ['imports the Automation API', importing(/^@pulumi\/pulumi\/automation/)],
    ['reads the environment', containing(/\bprocess\.env\b/).filter((file) => file !== launcher)],
    ['imports Express', importing(/^express$/)],
    ['makes AWS clients', containing(/new \w+Client\(/)],
  ])('at most one file %s', (_, files) => {
    expect(files.slice(1), `other than ${files[0]}`).toEqual([]);
  });
});
