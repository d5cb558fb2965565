import type { OperationRecord } from '../stacks/operation-record.ts';

/** The progress of an operation that failed. */
export interface PartWay {
  /** What it had begun to change; the last change may not have been made. */
  readonly record: OperationRecord;
  /** It had the stack's lock, so nothing of an earlier holder prevented it. */
  readonly entered: boolean;
  /** The stack's lock is held, by an owner that is not known to be dead. */
  readonly locked?: boolean;
}

/** An operation that failed, with its progress. */
export class OperationFailed extends Error {
  readonly partWay: PartWay;

  constructor(message: string, partWay: PartWay, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'OperationFailed';
    this.partWay = partWay;
  }
}

/** The progress of the failed operation that this error is, or has as its cause; undefined if it is not known. */
export function partWayOf(error: unknown): PartWay | undefined {
  if (error instanceof OperationFailed) return error.partWay;
  return error instanceof Error && error.cause !== undefined ? partWayOf(error.cause) : undefined;
}
