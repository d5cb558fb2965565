/** A property before and after, when it is short text, a number or a boolean, and not secret. */
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
  /** The properties whose values may be shown. */
  readonly values?: Readonly<Record<string, ValueChange>>;
}

/** The result of an operation, from the engine's events. */
export interface OperationRecord {
  /** `adopt`: the resource existed but was not in the state. */
  readonly changes: readonly ResourceChange[];
  /** Differences between live and recorded state, found by refresh. */
  readonly drift: readonly ResourceChange[];
  readonly unchanged: number;
  readonly errors: readonly string[];
  /** Changes of an earlier operation that its holder's death interrupted. They are not reported yet. */
  readonly interrupted?: readonly ResourceChange[];
}
