import { hash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { bundleLambda, inOrder, sourceDigest } from '../lambda/bundle.ts';
import { type Policy, policySchema } from '../lambda/policy/parse.ts';

/** The remediation Lambda's code with a policy inside, as the hub stack deploys it. */
export interface RemediationBundle {
  /** A zip archive. Lambda gets exactly these bytes, so its own hash of the code is known before. */
  readonly file: string;
  /** The archive's hash in hex; identifies code, policy and account table together. */
  readonly sha256: string;
}

/** The organization's facts about each account, by id: the units above it by id and name, and its tags. */
export type AccountTable = NonNullable<Parameters<typeof bundleLambda>[2]>;

/** How many of the last used bundles are kept: one may still be read while others are built. */
const kept = 4;

/** Another process may move the same damaged bundle away at the same time. */
const tries = 3;

/** How long an unfinished build may take before it counts as interrupted. */
const interruptedAfterMs = 3_600_000;

/**
 * The bundle of a policy and an account table in a directory, built only when it is missing. Equal inputs give equal
 * bytes. Safe for several processes at once. Removes bundles that were not used lately. @throws when the policy does
 * not fit the schema; then nothing is built.
 */
export async function makeBundle(
  policy: Policy,
  directory: string,
  accounts: AccountTable = {},
): Promise<RemediationBundle> {
  const place = join(directory, await bundleName(policySchema.parse(policy), accounts));
  const found = await whole(place);
  const bundle = found ?? (await build(policy, place, accounts));
  const now = new Date();
  await utimes(place, now, now);
  await forgetOld(directory, place);
  return bundle;
}

const sha256 = (data: string | Uint8Array): string => hash('sha256', data);

/** A hash of everything that a bundle depends on: policy, accounts, the Lambda's sources and the locked packages. */
async function bundleName(policy: Policy, accounts: AccountTable): Promise<string> {
  const inputs = JSON.stringify([policy, inOrder(accounts), await sourceDigest()]);
  return sha256(inputs).slice(0, 32);
}

const unless =
  (...codes: string[]) =>
  (error: NodeJS.ErrnoException): undefined => {
    if (!codes.includes(error.code ?? '')) throw error;
  };

/** The bundle in a place; undefined when it is not exactly as it was written. */
async function whole(place: string): Promise<RemediationBundle | undefined> {
  const file = join(place, archive);
  const bytes = await readFile(file).catch(unless('ENOENT'));
  const written = await readFile(join(place, 'sha256'), 'utf8').catch(unless('ENOENT'));
  return bytes && sha256(bytes) === written ? { file, sha256: written } : undefined;
}

const archive = 'index.zip';

/** Equal contents give equal bytes: the entry is dated 1980, readable by everyone, and compressed without zlib. */
const zipped = (code: Uint8Array): Uint8Array =>
  zipSync(
    { 'index.mjs': [code, { mtime: new Date(1980, 0, 1), os: 3, attrs: 0o100644 << 16 }] },
    { level: 9 },
  );

/** Builds next to the place and moves the result there. When another process was faster, its result stays. */
async function build(policy: Policy, place: string, accounts: AccountTable): Promise<RemediationBundle> {
  const unfinished = `${place}.${randomUUID()}`;
  try {
    const { file } = await bundleLambda(policy, unfinished, accounts);
    const bytes = zipped(await readFile(file));
    await writeFile(join(unfinished, archive), bytes);
    await writeFile(join(unfinished, 'sha256'), sha256(bytes));
    for (let left = tries; left > 0; left -= 1) {
      await rename(unfinished, place).catch(unless('ENOTEMPTY', 'EEXIST', 'ENOENT'));
      const found = await whole(place);
      if (found) return found;
      await moveAsideDamaged(place);
    }
    throw new Error(`the bundle in ${place} does not stay as it was written`);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Checks again after the move: another process may just have put a whole bundle there. */
async function moveAsideDamaged(place: string): Promise<void> {
  const aside = `${place}.${randomUUID()}`;
  await rename(place, aside).catch(unless('ENOENT'));
  if (await whole(aside)) await rename(aside, place).catch(unless('ENOTEMPTY', 'EEXIST'));
  await rm(aside, { recursive: true, force: true });
}

async function forgetOld(directory: string, used: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const found = await Promise.all(
    (await readdir(directory)).map(async (name) => {
      const place = join(directory, name);
      return { place, at: (await stat(place).catch(unless('ENOENT')))?.mtimeMs ?? 0 };
    }),
  );
  const unfinished = (place: string) => /\.[0-9a-f-]{36}$/.test(place);
  const finished = found.filter(({ place }) => place !== used && !unfinished(place));
  const old = [
    ...finished.sort((one, other) => other.at - one.at).slice(kept - 1),
    ...found.filter(({ place, at }) => unfinished(place) && at < Date.now() - interruptedAfterMs),
  ];
  for (const { place } of old) await rm(place, { recursive: true, force: true });
}
