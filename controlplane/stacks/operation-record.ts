/** A property before and after, where it is short text, a number or a boolean, and no secret. */
export interface ValueChange {
  readonly old?: Scalar;
  readonly new?: Scalar;
}

export type Scalar = string | number | boolean;

/** One resource that an operation changes or would change. */
export interface ResourceChange {
  readonly operation: string;
  readonly type: string;
  readonly name: string;
  readonly properties: readonly string[];
  /** Of the properties whose values can be shown: their change, by property. */
  readonly values?: Readonly<Record<string, ValueChange>>;
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
