import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const sources = fileURLToPath(new URL('.', import.meta.url));
const repository = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(repository, '.portcullis/provider');

/** A build is kept for this long after its last use, because an engine may still run an older one. */
const keptMilliseconds = 24 * 3_600_000;

/**
 * The directory of the AWS provider plugin, for `plugins.providers[].path` of the project settings: one bundle and
 * the executable `pulumi-resource-aws`, which runs it with this Node. Built once for each version of its sources;
 * several processes may ask at once.
 */
export async function buildProvider(directory = cache): Promise<string> {
  const place = join(directory, await sourceDigest());
  if (!(await markUsed(place))) {
    await removeUnused(directory);
    await buildInto(place);
  }
  return place;
}

/** Marks first, so that no other process removes the build between the check and the use. False without a build. */
async function markUsed(place: string): Promise<boolean> {
  const now = new Date();
  return utimes(place, now, now).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Changes with the plugin's sources, the locked packages and the Node that runs it. */
async function sourceDigest(): Promise<string> {
  const hash = createHash('sha256').update(process.execPath);
  const files = (await readdir(sources, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
  for (const file of [...files.map((each) => join(sources, each)), join(repository, 'package-lock.json')])
    hash.update(`\n${file}\n`).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;

/** Builds next to the place and moves the complete result there. */
async function buildInto(place: string): Promise<void> {
  const draft = `${place}.${randomUUID()}`;
  await mkdir(draft, { recursive: true });
  try {
    await build({
      entryPoints: [join(sources, 'main.ts')],
      outfile: join(draft, 'provider.mjs'),
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node24',
      format: 'esm',
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      legalComments: 'none',
    });
    const launcher = `#!/bin/sh
touch ${quoted(place)} 2>/dev/null
unset NODE_OPTIONS
export NODE_COMPILE_CACHE=${quoted(join(place, 'compile-cache'))}
exec ${quoted(process.execPath)} ${quoted(join(place, 'provider.mjs'))} "$@"
`;
    await writeFile(join(draft, 'pulumi-resource-aws'), launcher, { mode: 0o755 });
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(place)) throw error; // another process was faster
  }
}

/** Moves a build aside before it is deleted, so that no process finds a part of one. */
async function removeUnused(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory)) {
    const place = join(directory, name);
    const used = (await stat(place).catch(() => undefined))?.mtimeMs;
    if (used === undefined || used >= Date.now() - keptMilliseconds) continue;
    const aside = `${place}.${randomUUID()}`;
    const moved = await rename(place, aside).then(
      () => true,
      () => false, // another process was faster
    );
    if (moved) await rm(aside, { recursive: true, force: true });
  }
}
