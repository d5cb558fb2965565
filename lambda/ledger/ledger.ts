/**
 * What the Lambda remembers between invocations: texts, sets and counters by key. Every entry ends by itself at its
 * time, or up to two days later, so whoever reads one that matters to the minute keeps the time in it. Each call is
 * atomic; concurrent invocations see each other's. All reject where the table does not answer.
 */
export interface Ledger {
  /** The text of an entry; undefined where there is none. Reads what the last write left. */
  read(key: string): Promise<string | undefined>;
  write(key: string, text: string, keptUntil: Date): Promise<void>;
  /** Writes where there is no entry yet; false where there is one, and then it stays as it is. */
  writeOnce(key: string, text: string, keptUntil: Date): Promise<boolean>;
  /** The members of a set, in no order; none where there is no entry. Reads what the last write left. */
  members(key: string): Promise<string[]>;
  /** Adds members to a set, each once however often it is added; the set as it is then, in no order. */
  add(key: string, members: readonly string[], keptUntil: Date): Promise<string[]>;
  /** Takes members out of a set, those that are in it. */
  remove(key: string, members: readonly string[]): Promise<void>;
  /** Counts one up from zero; the number as it is then. */
  count(key: string, keptUntil: Date): Promise<number>;
}
