import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundleLambda } from '../lambda/bundle.ts';
import { type Policy, parsePolicy } from '../lambda/policy/parse.ts';
import { type Figures, median } from './figures.ts';
import { loopbackAws } from './loopback-aws.ts';
import { largePolicy } from './policy-sample.ts';

const child = fileURLToPath(new URL('cold-start-child.mjs', import.meta.url));
const eventFile = fileURLToPath(new URL('../test/fixtures/events/authorize-nested.json', import.meta.url));

/** Milliseconds from the start of a process that does nothing to its end. */
async function bareNode(): Promise<number> {
  const start = performance.now();
  const [code] = await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'close');
  if (code !== 0) throw new Error(`node -e 0 ended with ${code}`);
  return performance.now() - start;
}

interface Start {
  /** From the start of the process to the end of its first event. */
  readonly whole: number;
  readonly imported: number;
  readonly first: number;
  /** The same event once more in the same process. */
  readonly second: number;
}

/** One fresh process of the bundle. @throws when an event results in anything but a revoked rule */
async function coldStart(bundle: string, aws: Awaited<ReturnType<typeof loopbackAws>>): Promise<Start> {
  aws.open();
  const start = performance.now();
  const process_ = spawn(process.execPath, [child, pathToFileURL(bundle).href, eventFile], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
    env: {
      PORTCULLIS_BUS_ARN: 'arn:aws:events:eu-west-1:222222222222:event-bus/portcullis',
      PORTCULLIS_REMEDIATION_ROLE: 'portcullis-remediation',
      PORTCULLIS_TABLE: 'portcullis',
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
    },
  });
  const closed = once(process_, 'close');
  const times: { handled: number; imported: number; outcome: string }[] = [];
  let whole = 0;
  for await (const line of createInterface({ input: process_.stdout })) {
    if (!line.startsWith('@')) continue;
    times.push(JSON.parse(line.slice(1)));
    if (times.length > 1) {
      process_.stdin.end();
      continue;
    }
    whole = performance.now() - start;
    aws.open();
    process_.stdin.write('again\n');
  }
  const [code] = await closed;
  const [first, second] = times;
  const outcomes = times.map(({ outcome }) => outcome).join(', ');
  if (code !== 0 || !first || !second || outcomes !== 'remediated, remediated')
    throw new Error(
      `a cold start ended with ${code}: ${outcomes}; unexpected calls: ${aws.unexpected().join(', ')}`,
    );
  return { whole, imported: first.imported, first: first.handled, second: second.handled };
}

async function measureSize(
  name: string,
  policy: Policy,
  directory: string,
  figures: Figures,
): Promise<string> {
  const { file } = await bundleLambda(policy, join(directory, name.replaceAll(/\W/g, '-')));
  const code = await readFile(file);
  figures.add(`bundle, ${name}`, code.length / 1_000, 'kB');
  figures.add(`bundle, ${name}, gzip`, gzipSync(code, { level: 9 }).length / 1_000, 'kB');
  return file;
}

async function measureStarts(bundle: string, times: number, figures: Figures): Promise<void> {
  const aws = await loopbackAws();
  try {
    const [bare, starts]: [number[], Start[]] = [[], []];
    for (let index = 0; index < times; index += 1) {
      bare.push(await bareNode());
      starts.push(await coldStart(bundle, aws));
    }
    const of = (part: keyof Start) => median(starts.map((each) => each[part]));
    figures.add('node -e 0, median', median(bare), 'ms');
    figures.add('cold start to the end of the first event, median', of('whole'), 'ms');
    figures.add('cold start / node -e 0, medians', of('whole') / median(bare), 'ratio');
    figures.add('cold start: import of the bundle, median', of('imported'), 'ms');
    figures.add('cold start: first event, median', of('first'), 'ms');
    figures.add('second event of the same process, median', of('second'), 'ms');
  } finally {
    await aws.stop();
  }
}

/** Measures the Lambda's bundle as a file and as a process: no sandbox, and no network but the loopback. */
export async function measureBundle(
  figures: Figures,
  { quick, progress }: { quick: boolean; progress: (line: string) => void },
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  try {
    const text = await readFile(new URL('../sandbox/demo/policy.yaml', import.meta.url), 'utf8');
    const bundle = await measureSize('default policy', parsePolicy(text), directory, figures);
    await measureSize('policy of 1,000 rules', largePolicy(1_000), directory, figures);
    const times = quick ? 3 : 20;
    progress(`${times} cold starts of the bundle, each beside a bare node …`);
    await measureStarts(bundle, times, figures);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
