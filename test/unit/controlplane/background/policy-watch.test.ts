import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { watchPolicy } from '../../../../controlplane/background/policy-watch.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { memoryQueue } from '../../../worlds/memory-queue.ts';
import { until } from '../../../worlds/until.ts';

const sound = 'version: 1\nrules: [{ name: all, match: {}, mode: observe }]\n';
const everyMs = 20;
let directory: string;
let policyFile: string;
let queue: ReturnType<typeof memoryQueue>;
let lines: string[];
let watch: ReturnType<typeof watchPolicy>;

const begin = (over: Partial<Parameters<typeof watchPolicy>[0]> = {}) => {
  const log = makeLogger('info', [], { write: (line) => lines.push(line) });
  watch = watchPolicy({ settings: { policyFile, narrowing: false }, queue, log, everyMs, ...over });
};
/** Enough reads to find an edit. */
const readOften = () => rest(everyMs * 5);
const hubEnqueued = () => until(async () => queue.waiting().length > 0);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-policy-'));
  policyFile = join(directory, 'policy.yaml');
  await writeFile(policyFile, sound);
  queue = memoryQueue();
  lines = [];
});
afterEach(async () => {
  await watch.stop();
  await rm(directory, { recursive: true });
});

describe('the policy file', () => {
  test('as it is at the start enqueues nothing', async () => {
    begin();
    await readOften();
    expect(queue.waiting()).toEqual([]);
  });

  test('enqueues the hub, and nothing else, when it is edited; once for an edit', async () => {
    begin();
    await readOften();
    await writeFile(policyFile, sound.replace('all', 'each'));
    await hubEnqueued();
    expect(queue.waiting()).toEqual(['hub']);
    queue.clear();
    await readOften();
    expect(queue.waiting()).toEqual([]);
  });

  test('replaced by another file of the same name, as a mounted one is, enqueues the hub', async () => {
    begin();
    await readOften();
    const other = join(directory, 'other.yaml');
    await writeFile(other, sound.replace('observe', 'notify'));
    await rename(other, policyFile);
    await hubEnqueued();
    expect(queue.waiting()).toEqual(['hub']);
  });

  test('written in pieces, each of which is a policy, enqueues the hub once it is complete', async () => {
    begin({ everyMs: 500 });
    await rest(300);
    for (let piece = 0; piece < 75; piece += 1) {
      await appendFile(policyFile, `# ${piece}\n`);
      await rest(20);
      expect(queue.waiting()).toEqual([]);
    }
    await hubEnqueued();
    expect(queue.waiting()).toEqual(['hub']);
  });

  test('written again with the same text enqueues nothing', async () => {
    begin();
    await readOften();
    await writeFile(policyFile, sound);
    await readOften();
    expect(queue.waiting()).toEqual([]);
  });

  test('missing while an editor replaces it enqueues nothing', async () => {
    begin();
    await readOften();
    await rm(policyFile);
    await rest(everyMs * 3);
    await writeFile(policyFile, sound);
    await rest(400);
    expect(queue.waiting()).toEqual([]);
  });

  test.each([
    ['that cannot be read as a policy', () => writeFile(policyFile, sound.replace('observe', 'look'))],
    ['that was deleted', () => rm(policyFile)],
  ])('%s enqueues the hub and logs the error at once, with the file', async (_, spoil) => {
    begin();
    await readOften();
    await spoil();
    await hubEnqueued();
    await until(async () => lines.length > 0);
    expect(lines.join('')).toMatch(/the policy file cannot be used/);
    expect(lines.join('')).toMatch(/policy\.yaml/);
  });

  test('edited while the queue does not answer enqueues the hub once it does', async () => {
    let broken = true;
    begin({
      queue: {
        async enqueue(keys, priority) {
          if (broken) throw new Error('the database does not answer');
          await queue.enqueue(keys, priority);
        },
      },
    });
    await readOften();
    await writeFile(policyFile, sound.replace('all', 'each'));
    await until(async () => lines.some((line) => line.includes('the database does not answer')));
    broken = false;
    await hubEnqueued();
    expect(queue.waiting()).toEqual(['hub']);
  });
});
