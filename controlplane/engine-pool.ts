import { Piscina } from 'piscina';
import type { DesiredStack } from './desired.ts';
import type { Engine, EngineSettings } from './engine.ts';
import type { EngineAnswer, EngineTask } from './engine-task.ts';
import { PortcullisError } from './errors.ts';

/**
 * The engine in worker threads, each with one operation at a time. Inline programs share their thread's handlers of
 * stray rejections, so in one thread a program that fails fails every program in flight; here it is alone.
 */
export function enginePool(settings: EngineSettings, parallel: number): Engine & { stop(): Promise<void> } {
  const pool = new Piscina<EngineTask, EngineAnswer>({
    filename: new URL('./engine-task.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: parallel,
    idleTimeout: 30_000,
  });
  const { data, state, secretsProvider, awsPlugin } = settings;
  const run = async (operation: EngineTask['operation'], stack: DesiredStack, recover: boolean) => {
    const task = { operation, stack, recover, settings: { data, state, secretsProvider, awsPlugin } };
    const answer = await pool.run(task);
    if ('failed' in answer) throw new PortcullisError('stack-failed', answer.failed);
    return answer.record;
  };
  return {
    up: (stack, recover) => run('up', stack, recover),
    preview: (stack) => run('preview', stack, false),
    stop: () => pool.close(),
  };
}
