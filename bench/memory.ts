import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { httpClient } from '../controlplane/cli/client/http.ts';
import type { World } from '../sandbox/demo/world.ts';
import { type Figures, median } from './figures.ts';
import { measureOnboarding } from './onboarding.ts';

/** A process as /proc shows it. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Resident memory, MiB. Pages of a file that several processes map count in each. */
  readonly rss: number;
}

/** The service and its descendants at one moment. */
interface Sample {
  readonly service: number;
  readonly children: number;
  /** Processes of the Pulumi CLI that the service started: one for each operation under way. */
  readonly operations: number;
}

const mebibytes = (kilobytes: string | undefined): number => Number(kilobytes ?? 0) / 1024;

/** undefined: the process has ended. */
async function processAt(pid: string): Promise<Process | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1];
    return {
      ...{ pid: Number(pid), parent: Number(field('PPid')) },
      ...{ command: command.replaceAll('\0', ' '), rss: mebibytes(field('VmRSS')) },
    };
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function descendants(of: number, all: readonly Process[]): readonly Process[] {
  return all
    .filter(({ parent }) => parent === of)
    .flatMap((child) => [child, ...descendants(child.pid, all)]);
}

async function sample(pid: number): Promise<Sample> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = (await Promise.all(names.map(processAt))).filter((each) => each !== undefined);
  const service = all.find((each) => each.pid === pid);
  if (!service) throw new Error('the service has ended');
  const children = descendants(pid, all);
  return {
    service: service.rss,
    children: children.reduce((sum, { rss }) => sum + rss, 0),
    operations: children.filter(({ parent, command }) => parent === pid && /pulumi \w+ /.test(command))
      .length,
  };
}

/** Samples four times a second until it is stopped. */
function sampler(pid: number) {
  const samples: Sample[] = [];
  const stopping = new AbortController();
  const sampling = (async () => {
    while (!stopping.signal.aborted) {
      samples.push(await sample(pid));
      await rest(250);
    }
  })();
  return async () => {
    stopping.abort();
    await sampling;
    return samples;
  };
}

/** As many operations as the service has under way by default. */
const parallel = 4;
/** MiB: the service process at rest, and what each operation under way may add. */
const idleLimit = 350;
const operationLimit = 120;

const most = (values: readonly number[]): number => Math.max(...values);
const service = (samples: readonly Sample[]) => samples.map((each) => each.service);
const children = (samples: readonly Sample[]) => samples.map((each) => each.children);

/**
 * Measures the resident memory of the service process, and apart from it that of its children: when it listens, while the
 * organization is onboarded, and idle afterwards. @throws where /proc is not there
 */
export async function measureMemory(
  { controlPlane }: World,
  figures: Figures,
  { quick, progress }: { quick: boolean; progress: (line: string) => void },
): Promise<void> {
  if (process.platform !== 'linux') throw new Error('memory is read from /proc, which only Linux has');
  const client = httpClient(controlPlane.url, controlPlane.token);
  const stop = sampler(controlPlane.pid);
  const none = { add: () => undefined, list: () => [] };
  await measureOnboarding(client, none, { quick: true, progress });
  const samples = await stop();
  // Threads of the engine end after half a minute without an operation.
  const idleS = quick ? 60 : 120;
  progress(`idle for ${idleS} s …`);
  await rest(idleS * 1000);
  const stopIdle = sampler(controlPlane.pid);
  await rest(10_000);
  const idle = await stopIdle();
  const busy = samples.filter(({ operations }) => operations >= parallel);
  const [atRest, working] = [median(service(idle)), median(service(busy))];
  const add = (figure: string, value: number, atMost?: number) =>
    figures.add(`memory: ${figure}`, value, 'MiB', atMost === undefined ? undefined : { atMost });
  add('service, just listening', samples[0]?.service ?? Number.NaN);
  add(`service, ${parallel} operations, median`, working);
  add(`service, ${parallel} operations, most`, most(service(busy)), idleLimit + parallel * operationLimit);
  add('service, onboarding, most', most(service(samples)));
  add(`service, idle for ${idleS} s`, atRest, idleLimit);
  add('service, one operation more than idle', (working - atRest) / parallel, operationLimit);
  add(`children, ${parallel} operations, median`, median(children(busy)));
  add(`children, ${parallel} operations, most`, most(children(busy)));
  add('children, idle', median(children(idle)));
}
