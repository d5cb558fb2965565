import { beforeEach, describe, expect, test } from 'vitest';
import { createShutdown, type Shutdown } from '../../../../controlplane/queue/shutdown.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';

let reported: string[];
let lines: string[];
let shutdown: Shutdown;
beforeEach(() => {
  reported = [];
  lines = [];
  const log = makeLogger('error', [], { write: (line) => lines.push(line) });
  shutdown = createShutdown(log, { workMs: 200, leastMs: 20 });
});

const never = new Promise<void>(() => {});
/** A part that takes so long to close, unless it is interrupted before. */
function open(name: string, ends: Promise<void> | undefined = undefined, interrupt?: () => void): void {
  const close = async (whole: boolean) => {
    reported.push(`close ${name}${whole ? '' : ', others left'}`);
    await ends;
  };
  shutdown.register(name, close, () => {
    reported.push(`interrupt ${name}`);
    interrupt?.();
  });
}

describe('at the end', () => {
  test('all that is under way is interrupted before anything is waited for', async () => {
    const operation = Promise.withResolvers<void>();
    open('database');
    open('operations', operation.promise, operation.resolve);
    open('messages', operation.promise); // its message in hand waits for an operation
    await shutdown.close();
    expect(reported).toEqual([
      ...['interrupt messages', 'interrupt operations', 'interrupt database'],
      ...['close messages', 'close operations', 'close database'],
    ]);
    expect(lines).toEqual([]);
  });

  test('parts that do not close share one limit, are named and left, and keep no other from closing', async () => {
    for (const name of ['lock', 'database', 'runs', 'restores', 'worker', 'verifier'])
      open(name, name === 'lock' ? undefined : never);
    const begun = performance.now();
    await shutdown.close();
    expect(performance.now() - begun).toBeLessThan(5 * 200);
    expect(reported.at(-1)).toBe('close lock, others left');
    const left = lines.map((line) => JSON.parse(line));
    expect(left.map(({ part }) => part)).toEqual(['verifier', 'worker', 'restores', 'runs', 'database']);
    expect(left[0].msg).toContain('abandoned');
  });

  test('one that fails to close is reported, and the others close', async () => {
    open('database');
    open('queue', Promise.reject(new Error('no answer')));
    await shutdown.close();
    expect(reported.at(-1)).toBe('close database');
    expect(lines.join()).toContain('no answer');
  });
});
