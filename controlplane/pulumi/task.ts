import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, PortcullisError, reasonOf } from '../settings/errors.ts';
import type { StackKey } from '../stacks/key.ts';
import type { OperationRecord } from '../stacks/operation-record.ts';
import type { EngineSettings } from './cli.ts';
import { type Engine, pulumiEngine } from './engine.ts';
import { type PartWay, partWayOf } from './failure.ts';
import type { Operation } from './operation.ts';

/** What is asked of the engine. */
export type EngineWork = Operation | { readonly kind: 'exportState' | 'forget'; readonly key: StackKey };

/** One piece of work, as handed to a worker thread. */
export interface EngineTask {
  readonly work: EngineWork;
  readonly settings: EngineSettings;
  /** An `Ending` on it says that the operation has to end. */
  readonly end: MessagePort;
}

export type EngineAnswer =
  | { readonly done: OperationRecord | string | undefined }
  | { readonly failed: string; readonly partWay: PartWay | undefined };

/** Why an operation has to end, as it crosses to the thread: an error loses its class and its code there. */
export interface Ending {
  readonly message: string;
  readonly code: ErrorCode | undefined;
}

export const endingFor = (reason: unknown): Ending => ({
  message: reasonOf(reason),
  code: reason instanceof PortcullisError ? reason.code : undefined,
});

/** The reason again, on the other side. */
export const reasonFor = ({ message, code }: Ending): Error =>
  code === undefined ? new Error(message) : new PortcullisError(code, message);

/** A thread's own engine, kept for its life: finding the CLI costs a process. The pool gives one thread one setting. */
let engine: Engine | undefined;

async function carryOutWith(engine: Engine, work: EngineWork, signal: AbortSignal) {
  switch (work.kind) {
    case 'exportState':
      return engine.exportState(work.key);
    case 'forget':
      await engine.forget(work.key);
      return undefined;
    default:
      return engine.operate(work, signal);
  }
}

/** What a worker thread of the engine pool does. An abort signal does not cross threads; a message on the port does. */
export default async function carryOut({ work, settings, end }: EngineTask): Promise<EngineAnswer> {
  engine ??= pulumiEngine(settings);
  const ending = new AbortController();
  end.once('message', (told: Ending) => ending.abort(reasonFor(told)));
  try {
    return { done: await carryOutWith(engine, work, ending.signal) };
  } catch (error) {
    return { failed: reasonOf(error), partWay: partWayOf(error) };
  } finally {
    end.close();
  }
}
