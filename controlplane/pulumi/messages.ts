import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, PortcullisError, reasonOf } from '../settings/errors.ts';
import type { StackKey } from '../stacks/key.ts';
import type { OperationRecord } from '../stacks/operation-record.ts';
import type { EngineSettings } from './cli.ts';
import type { PartWay } from './failure.ts';
import type { Operation } from './operation.ts';

// What the pool and its threads send each other. The main thread loads this file, so it imports no value of the engine:
// @pulumi/pulumi belongs into the threads alone.

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
