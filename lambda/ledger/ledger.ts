/**
 * What the Lambda remembers between invocations: texts, sets and counters by key. DynamoDB deletes an expired entry up
 * to two days late, so a reader to whom the minute matters stores the time in the entry. Each call is atomic and
 * visible to concurrent invocations. All reject when the table does not answer.
 */
export interface Ledger {
  /** The text of an entry; undefined when there is none. Strongly consistent. */
  read(key: string): Promise<string | undefined>;
  write(key: string, text: string, keptUntil: Date): Promise<void>;
  /** Writes only when there is no entry. Returns false when there is one. */
  writeOnce(key: string, text: string, keptUntil: Date): Promise<boolean>;
  /** The members of a set, in no order; empty when there is no entry. Strongly consistent. */
  members(key: string): Promise<string[]>;
  /** Adds members to a set and returns all members, in no order. */
  add(key: string, members: readonly string[], keptUntil: Date): Promise<string[]>;
  remove(key: string, members: readonly string[]): Promise<void>;
  /** Increments the counter, which starts at zero, and returns the new value. */
  count(key: string, keptUntil: Date): Promise<number>;
}
