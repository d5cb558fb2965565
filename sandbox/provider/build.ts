import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;

/**
 * Writes the AWS provider plugin into the directory: one bundle and the executable `pulumi-resource-aws`, which runs
 * it with the Node that built it. Safe to run while an engine uses the directory: files are replaced whole.
 * @returns the absolute directory, for `plugins.providers[].path` of the project settings.
 */
export async function buildProvider(directory: string): Promise<string> {
  const target = resolve(directory);
  await mkdir(target, { recursive: true });
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    legalComments: 'none',
  });
  const bundle = join(target, 'provider.mjs');
  for (const file of outputFiles) await replace(bundle, file.contents, 0o644);
  const launcher = `#!/bin/sh
unset NODE_OPTIONS
export NODE_COMPILE_CACHE=${quoted(join(target, 'compile-cache'))}
exec ${quoted(process.execPath)} ${quoted(bundle)} "$@"
`;
  await replace(join(target, 'pulumi-resource-aws'), launcher, 0o755);
  return target;
}

async function replace(path: string, contents: string | Uint8Array, mode: number): Promise<void> {
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, contents);
  await chmod(beside, mode);
  await rename(beside, path);
}
