import type { OperationRecord } from '../stacks/operation-record.ts';

/** How far an operation came that failed. */
export interface PartWay {
  /** What it had begun to change by then, the last of which may not have been made. */
  readonly record: OperationRecord;
  /** It had the stack's lock: nothing of an earlier holder was in the way any more. */
  readonly entered: boolean;
  /** The stack's lock is held, by an owner that is not known to be dead. */
  readonly locked?: boolean;
}

/** An operation that failed, with how far it came. */
export class OperationFailed extends Error {
  readonly partWay: PartWay;

  constructor(message: string, partWay: PartWay, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'OperationFailed';
    this.partWay = partWay;
  }
}

/** How far the operation came whose failure this is, or is the cause of it; undefined where that is not known. */
export function partWayOf(error: unknown): PartWay | undefined {
  if (error instanceof OperationFailed) return error.partWay;
  return error instanceof Error && error.cause !== undefined ? partWayOf(error.cause) : undefined;
}
