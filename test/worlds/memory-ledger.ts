import type { Ledger } from '../../lambda/ledger/ledger.ts';

export interface MemoryLedger extends Ledger {
  keys(): string[];
  /** What every call rejects with, when set. */
  fail: Error | undefined;
}

/** A ledger in memory whose entries end on the second; `now` is the time they are read at. */
export function memoryLedger(now: () => Date): MemoryLedger {
  const entries = new Map<string, { text?: string; members: Set<string>; count: number; until: number }>();
  const live = (key: string) => {
    if (ledger.fail) throw ledger.fail;
    const entry = entries.get(key);
    return entry && entry.until > now().getTime() ? entry : undefined;
  };
  const open = (key: string, keptUntil: Date) => {
    const entry = live(key) ?? { members: new Set<string>(), count: 0, until: 0 };
    entry.until = keptUntil.getTime();
    entries.set(key, entry);
    return entry;
  };
  const ledger: MemoryLedger = {
    fail: undefined,
    keys: () => [...entries.keys()].filter(live),
    read: async (key) => live(key)?.text,
    async write(key, text, keptUntil) {
      open(key, keptUntil).text = text;
    },
    async writeOnce(key, text, keptUntil) {
      if (live(key)) return false;
      open(key, keptUntil).text = text;
      return true;
    },
    members: async (key) => [...(live(key)?.members ?? [])],
    async add(key, members, keptUntil) {
      const entry = open(key, keptUntil);
      for (const member of members) entry.members.add(member);
      return [...entry.members];
    },
    async remove(key, members) {
      for (const member of members) live(key)?.members.delete(member);
    },
    async count(key, keptUntil) {
      const entry = open(key, keptUntil);
      entry.count += 1;
      return entry.count;
    },
  };
  return ledger;
}
