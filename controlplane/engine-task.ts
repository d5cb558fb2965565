import type { DesiredStack } from './desired.ts';
import { type Engine, type EngineSettings, pulumiEngine } from './engine.ts';
import type { OperationRecord } from './engine-events.ts';
import { reasonOf } from './errors.ts';

/** One operation, as handed to a worker thread. */
export interface EngineTask {
  readonly operation: 'up' | 'preview';
  readonly stack: DesiredStack;
  readonly recover: boolean;
  readonly settings: EngineSettings;
}

export type EngineAnswer = { readonly record: OperationRecord } | { readonly failed: string };

/** A thread's own engine, kept for its life: finding the CLI costs a process. The pool gives one thread one setting. */
let engine: Engine | undefined;

/** What a worker thread of the engine pool does: carries out one operation on one stack. */
export default async function carryOut(task: EngineTask): Promise<EngineAnswer> {
  engine ??= pulumiEngine(task.settings);
  try {
    const record =
      task.operation === 'up' ? await engine.up(task.stack, task.recover) : await engine.preview(task.stack);
    return { record };
  } catch (error) {
    return { failed: reasonOf(error) };
  }
}
