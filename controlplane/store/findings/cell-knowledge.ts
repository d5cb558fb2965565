/** What the complete readings of a cell say of findings that they do not list. */
export interface CellKnowledge {
  /** When the newest complete reading began; null where there was none. */
  readonly readAt: Date | null;
  /** What that reading could not evaluate, by id, with the newest reading before in which it was absent. */
  readonly undecided: Readonly<Record<string, string | null>>;
}

/** Whose absence a reading does not show, by id. */
interface Reading {
  readonly readAt: Date;
  readonly undecided: readonly string[];
  readonly listed: ReadonlySet<string>;
}

const newest = (one: string | null, other: string | null): string | null => {
  if (one === null || other === null) return one ?? other;
  return Date.parse(one) >= Date.parse(other) ? one : other;
};

/** The newest complete reading in which a finding was absent, unless it was listed there. Pure. */
export function absenceOf({ readAt, undecided }: CellKnowledge, id: string): string | null {
  if (Object.hasOwn(undecided, id)) return undecided[id] ?? null;
  return readAt?.toISOString() ?? null;
}

/** Adds a reading; the result is the same for every order of the readings. Pure. */
export function withReading(known: CellKnowledge, reading: Reading): CellKnowledge {
  const at = reading.readAt.toISOString();
  if (known.readAt === null || reading.readAt >= known.readAt) {
    const undecided = reading.undecided.map((id) => [id, absenceOf(known, id)] as const);
    return { readAt: reading.readAt, undecided: Object.fromEntries(undecided) };
  }
  const open = new Set(reading.undecided);
  const undecided = Object.entries(known.undecided).map(([id, absent]) => {
    const showsAbsence = !open.has(id) && !reading.listed.has(id);
    return [id, showsAbsence ? newest(absent, at) : absent] as const;
  });
  return { readAt: known.readAt, undecided: Object.fromEntries(undecided) };
}
