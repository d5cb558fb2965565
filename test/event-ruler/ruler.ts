import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { repository } from '../worlds/repository.ts';

/** The files that test/event-ruler/pom.xml resolves to, with their SHA-256. */
const jars: Readonly<Record<string, string>> = {
  'event-ruler-2.1.0.jar': '0de916a30048f996f129d05eb3dc6871c89a462f1377c876fd2d34f2e04152fe',
  'fastdoubleparser-2.0.1.jar': '4242e2335299026524d331355a6cd75abdc38c8fed4402f25b5c7ce9d7668cc1',
  'jackson-annotations-2.22.jar': '21ddb598807d3a51a876704eb979d9296e1c6a6f47ab1826ff88c6d6a127a2d0',
  'jackson-core-2.22.2.jar': 'ff167a6317be15895706c26668f45b898efe40ab8780970658210fe1393d52a6',
  'jackson-databind-2.22.2.jar': 'd0da14c12b16b5d54719aa172d83b542ff4abeb8b0fb7db476fde8ceece760ca',
  'jsr305-3.0.2.jar': '766ad2a0783f2687962c8ad74ceecc38a28b9f72a2d085ee438b7813e928d0c7',
};

const folder = import.meta.dirname;
const state = path.join(repository, '.portcullis');

/** A pattern and an event, each as JSON has it. */
export interface Question {
  readonly pattern: unknown;
  readonly event: unknown;
}

/** AWS's matcher, or why it cannot run here. */
export type EventRuler =
  | { readonly answer: (questions: readonly Question[]) => string[] }
  | { readonly missing: string };

const run = (command: string, args: string[]) =>
  new Promise<string | undefined>((resolve) => {
    execFile(command, args, { timeout: 240_000 }, (error, stdout) =>
      resolve(error ? stdout.trim().split('\n').at(-1) || error.message : undefined),
    );
  });

/**
 * AWS's own matcher of events, event-ruler from Maven Central. Needs a JDK, and Maven for the first time; Maven's own
 * settings say where Maven Central is. @throws when a file is not the pinned one.
 */
export async function eventRuler(): Promise<EventRuler> {
  if (await run('javac', ['-version'])) return { missing: 'there is no JDK (javac) on PATH' };
  const place = path.join(state, 'event-ruler', pin());
  if (!existsSync(place)) {
    const failure = await fetchInto(place);
    if (failure) return { missing: `Maven cannot fetch event-ruler: ${failure}` };
  }
  const classPath = Object.keys(jars)
    .map((jar) => path.join(place, jar))
    .join(path.delimiter);
  return {
    answer(questions) {
      const input = questions.map((question) => JSON.stringify(question)).join('\n');
      const args = ['-cp', classPath, path.join(folder, 'Match.java')];
      return execFileSync('java', args, { input, encoding: 'utf8', timeout: 120_000 }).trim().split('\n');
    },
  };
}

const pin = () => createHash('sha256').update(JSON.stringify(jars)).digest('hex').slice(0, 16);

/** Fetches beside the place and moves the whole there. Returns why it failed. */
async function fetchInto(place: string): Promise<string | undefined> {
  if (await run('mvn', ['--version'])) return 'there is no mvn on PATH';
  await mkdir(path.dirname(place), { recursive: true });
  const unfinished = await mkdtemp(`${place}.`);
  try {
    const failure = await run('mvn', [
      ...['--batch-mode', '--quiet', '--file', path.join(folder, 'pom.xml')],
      ...['dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`],
    ]);
    if (failure) return failure;
    await check(unfinished);
    // Another run may just have put the same files there.
    await rename(unfinished, place).catch((error: unknown) => {
      if (!existsSync(place)) throw error;
    });
    return undefined;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function check(directory: string): Promise<void> {
  const found = await readdir(directory);
  const hashes = await Promise.all(
    found.map(async (file) => {
      const content = await readFile(path.join(directory, file));
      return [file, createHash('sha256').update(content).digest('hex')] as const;
    }),
  );
  const wrong = [
    ...hashes.filter(([file, hash]) => jars[file] !== hash).map(([file, hash]) => `${file} has ${hash}`),
    ...Object.keys(jars)
      .filter((jar) => !found.includes(jar))
      .map((jar) => `${jar} is missing`),
  ];
  if (wrong.length > 0) throw new Error(`not the pinned files of event-ruler: ${wrong.join(', ')}`);
}
