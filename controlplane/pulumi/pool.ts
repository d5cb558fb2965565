import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { PortcullisError } from '../settings/errors.ts';
import type { OperationRecord } from '../stacks/operation-record.ts';
import type { EngineSettings } from './cli.ts';
import type { Engine } from './engine.ts';
import { OperationFailed } from './failure.ts';
import { type EngineAnswer, type EngineTask, type EngineWork, endingFor } from './messages.ts';

/** An operation takes a minute or two; CloudWatch and Lambda may keep one waiting for several. */
const longestMs = 60 * 60_000;

/** The signal, aborted as well once the time has passed: a CLI that hangs would keep its stack for ever. */
function within(signal: AbortSignal, ms: number): { readonly signal: AbortSignal; done(): void } {
  const late = new AbortController();
  const error = new Error(`it took longer than ${ms / 1000} s`);
  const timer = setTimeout(() => late.abort(error), ms);
  return { signal: AbortSignal.any([signal, late.signal]), done: () => clearTimeout(timer) };
}

/**
 * The engine in worker threads, each with one operation at a time. Inline programs share their thread's handlers of
 * stray rejections, so in one thread a program that fails fails every program in flight; here it is alone. An aborted
 * operation gets a message to end, and its thread stays, because only the thread can end the CLI.
 */
export function enginePool(
  settings: EngineSettings,
  parallel: number,
  limitMs = longestMs,
): Engine & { stop(): Promise<void> } {
  const pool = new Piscina<EngineTask, EngineAnswer>({
    filename: new URL('./task.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: parallel,
    idleTimeout: 30_000,
  });
  const { data, state, secretsProvider, awsPlugin } = settings;
  const run = async (
    work: EngineWork,
    signal?: AbortSignal,
  ): Promise<OperationRecord | string | undefined> => {
    signal?.throwIfAborted();
    const { port1: ours, port2: end } = new MessageChannel();
    const sendEnding = () => ours.postMessage(endingFor(signal?.reason));
    signal?.addEventListener('abort', sendEnding, { once: true });
    try {
      const task = { work, settings: { data, state, secretsProvider, awsPlugin }, end };
      const answer = await pool.run(task, { transferList: [end] });
      if ('failed' in answer) {
        const { failed, partWay } = answer;
        const cause = partWay && new OperationFailed(failed, partWay);
        throw new PortcullisError('stack-failed', failed, cause && { cause });
      }
      return answer.done;
    } finally {
      signal?.removeEventListener('abort', sendEnding);
      ours.close();
    }
  };
  return {
    async operate(operation, signal) {
      const limited = within(signal, limitMs);
      return (run(operation, limited.signal) as Promise<OperationRecord>).finally(limited.done);
    },
    exportState: (key) => run({ kind: 'exportState', key }) as Promise<string | undefined>,
    async forget(key) {
      await run({ kind: 'forget', key });
    },
    stop: () => pool.close(),
  };
}
