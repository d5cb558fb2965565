/** One resource that an operation changes or would change. */
export interface ResourceChange {
  readonly operation: string;
  readonly type: string;
  readonly name: string;
  readonly properties: readonly string[];
}

/** What an operation did, from the engine's own events. */
export interface OperationRecord {
  /** `adopt` is the operation of a resource that existed without the state knowing it. */
  readonly changes: readonly ResourceChange[];
  /** Resources whose live state differed from the recorded one: found by refresh. */
  readonly drift: readonly ResourceChange[];
  readonly unchanged: number;
  readonly errors: readonly string[];
  /** What an earlier operation, cut short by its holder's death, had made: nobody has told of it yet. */
  readonly interrupted?: readonly ResourceChange[];
}
