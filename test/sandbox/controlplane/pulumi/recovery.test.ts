import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { enginePool } from '../../../../controlplane/pulumi/pool.ts';
import type { DesiredStack } from '../../../../controlplane/stacks/desired.ts';
import { accountStack, type EngineWorld, engineWorld, hubStack, operate } from '../../../worlds/engine.ts';

let world: EngineWorld;
let data = '';
let made: DesiredStack | undefined;
let turn = 0;
beforeAll(async () => {
  world = await engineWorld();
});
afterEach(async () => {
  world.proxy.strike(undefined);
  if (made) await operate(world.engine(data), 'destroy', made, { recover: true });
  made = undefined;
});
afterAll(() => world?.stop());

/** A data directory of its own for a test, with the stack that the test makes there. */
function begin(stack: DesiredStack): DesiredStack {
  turn += 1;
  data = `data-${turn}`;
  made = stack;
  return stack;
}

/** The CLI processes that a worker runs. */
function clisOf(worker: number): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, program]) => Number(parent) === worker && program?.endsWith('pulumi'))
    .map(([pid]) => Number(pid));
}

type Victim = 'the service' | 'the CLI' | 'both';

/** Makes the stack in a worker, and kills at the n-th change. */
async function killed(
  stack: DesiredStack,
  at: number,
  when: 'before' | 'after',
  victim: Victim,
): Promise<void> {
  const worker = world.worker(world.settings(data), stack);
  const pid = worker.pid ?? 0;
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const act = () => {
    const clis = clisOf(pid);
    if (victim !== 'the CLI') worker.kill('SIGKILL');
    if (victim !== 'the service') for (const cli of clis) process.kill(cli, 'SIGKILL');
  };
  world.proxy.strike({ at, when, act });
  await gone;
  world.proxy.strike(undefined);
}

const locks = (): string[] => {
  const folder = join(world.settings(data).data, 'state/.pulumi/locks');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.json'));
};

interface Exported {
  readonly deployment: {
    readonly resources: { urn: string; id?: string }[];
    readonly pending_operations?: [];
  };
}
const state = async (stack: DesiredStack): Promise<Exported> =>
  JSON.parse((await world.engine(data).exportState(stack.key)) ?? '{}');

/** The AWS resources in a state. */
const ours = ({ deployment }: Exported): string[] =>
  deployment.resources.map(({ urn }) => urn).filter((urn) => /::aws:|\$aws:/.test(urn));

/** The stack is whole: nothing under way, no lock, each resource once and with an id, nothing to change. */
async function expectWhole(stack: DesiredStack, resources: number): Promise<void> {
  const found = await state(stack);
  const urns = ours(found);
  expect(new Set(urns).size).toBe(urns.length);
  expect(urns).toHaveLength(resources);
  expect(found.deployment.pending_operations ?? []).toEqual([]);
  expect(locks()).toEqual([]);
  const seen = await operate(world.engine(data), 'preview', stack);
  expect(seen).toMatchObject({ changes: [], drift: [], errors: [] });
}

describe('an account stack whose making was killed', () => {
  test.each([
    [1, 'after', 'both'],
    [2, 'after', 'the CLI'],
    [3, 'after', 'the service'],
    [5, 'before', 'both'],
    [8, 'after', 'both'],
  ] as const)(
    'at change %i, %s it reached AWS, with %s: is taken up, and each resource exists once',
    async (at, when, victim) => {
      const stack = begin(accountStack('us-east-1'));
      await killed(stack, at, when, victim);
      const { errors } = await operate(world.engine(data), 'up', stack, { recover: true, known: false });
      expect(errors).toEqual([]);
      await expectWhole(stack, 7);
      expect((await world.there()).roles).toEqual(['portcullis-forwarder', 'portcullis-remediation']);
    },
  );
});

describe('a hub whose making was killed', () => {
  test.each([
    [9, 'after', 'the service'],
    [16, 'after', 'both'],
  ] as const)('at change %i, %s it reached AWS, with %s: is taken up', async (at, when, victim) => {
    const stack = begin(hubStack(world.bundle));
    await killed(stack, at, when, victim);
    await operate(world.engine(data), 'up', stack, { recover: true, known: false });
    await expectWhole(stack, ours(await state(stack)).length);
  });
});

test('a lock is reported while its owner is not known to be dead, unless it is our own', async () => {
  const stack = begin(accountStack());
  await killed(stack, 1, 'after', 'both');
  const another = world.engine('another', world.settings(data).state);
  await expect(operate(another, 'up', stack)).rejects.toThrow(/the stack is locked/);
  expect(locks()).toHaveLength(1);
  await operate(world.engine(data), 'up', stack);
  await expectWhole(stack, 4);
});

test.each([
  ['an account', () => accountStack('eu-west-1', 'us-east-1')],
  ['a hub', () => hubStack(world.bundle)],
])(
  '%s that the state lost is found again in AWS',
  async (_, of) => {
    const stack = begin(of());
    await operate(world.engine(data), 'up', stack, { known: false });
    const before = ours(await state(stack));
    await world.engine(data).forget(stack.key);
    const { changes } = await operate(world.engine(data), 'up', stack);
    expect(changes.some(({ operation }) => operation === 'adopt')).toBe(true);
    await expectWhole(stack, before.length);
  },
  300_000,
);

test('a state that is older than what was made catches up', async () => {
  const stack = begin(accountStack('eu-west-1'));
  const engine = world.engine(data);
  await operate(engine, 'up', accountStack(), { known: false });
  const file = join(world.settings(data).data, 'state/.pulumi/stacks/portcullis', `${stack.key}.json`);
  const kept = readFileSync(file);
  await operate(engine, 'up', stack);
  writeFileSync(file, kept);
  await operate(engine, 'up', stack);
  await expectWhole(stack, 7);
}, 300_000);

test('an operation that is asked to end releases the stack, and the next continues', async () => {
  const stack = begin(accountStack('us-east-1'));
  const pool = enginePool(world.settings(data), 1);
  const lost = new AbortController();
  world.proxy.strike({ at: 2, when: 'before', act: () => lost.abort(new Error('the lease was lost')) });
  const ended = operate(pool, 'up', stack, { signal: lost.signal, known: false });
  await expect(ended).rejects.toThrow(/the lease was lost/);
  world.proxy.strike(undefined);
  expect(locks()).toEqual([]);
  await operate(pool, 'up', stack);
  await pool.stop();
  await expectWhole(stack, 7);
});

test('an operation that takes too long is ended, says so, and releases the stack', async () => {
  const stack = begin(accountStack('us-east-1'));
  const hasty = enginePool(world.settings(data), 1, 1_200);
  const ended = operate(hasty, 'up', stack, { known: false });
  await expect(ended).rejects.toThrow(/it took longer than 1\.2 s/);
  await hasty.stop();
  expect(locks()).toEqual([]);
  const pool = enginePool(world.settings(data), 1);
  await operate(pool, 'up', stack, { known: false });
  await pool.stop();
  await expectWhole(stack, 7);
});

test('a stack is taken down with all it made, also half-made, and once more is nothing', async () => {
  const stack = begin(accountStack('us-east-1'));
  await killed(stack, 5, 'after', 'both');
  const engine = world.engine(data);
  await operate(engine, 'destroy', stack, { recover: true });
  expect(await world.there()).toEqual({ roles: [], queues: [], rules: [] });
  expect(await engine.exportState(stack.key)).toBeUndefined();
  expect(await operate(engine, 'destroy', stack)).toMatchObject({ changes: [] });
  await engine.forget(stack.key);
});
