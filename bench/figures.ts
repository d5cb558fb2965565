/** One measured figure; `goal` and `met` are null where no goal is set. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: number | null;
  readonly met: boolean | null;
}

export type Goal = { readonly atMost: number } | { readonly atLeast: number };

export interface Figures {
  /** Keeps a figure, to two decimals. @throws where the name is taken or the value is not a finite number */
  add(figure: string, value: number, unit: string, goal?: Goal): void;
  list(): readonly Figure[];
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Collects the figures of one bench, in the order in which they are added. A goal is judged before rounding. */
export function figures(): Figures {
  const kept: Figure[] = [];
  return {
    add(figure, value, unit, goal) {
      if (!Number.isFinite(value)) throw new Error(`${figure}: ${value} is not a figure`);
      if (kept.some((other) => other.figure === figure)) throw new Error(`${figure} was added twice`);
      const limit = goal && ('atMost' in goal ? goal.atMost : goal.atLeast);
      const met = goal && ('atMost' in goal ? value <= goal.atMost : value >= goal.atLeast);
      kept.push({ figure, value: rounded(value), unit, goal: limit ?? null, met: met ?? null });
    },
    list: () => kept,
  };
}

/**
 * The value that `percent` of the values do not exceed, by nearest rank: always one that was measured.
 * @throws where there is no value
 */
export function percentile(values: readonly number[], percent: number): number {
  const ranked = values.toSorted((a, b) => a - b);
  const found = ranked[Math.max(Math.ceil((percent * ranked.length) / 100), 1) - 1];
  if (found === undefined) throw new Error(`no percentile ${percent} of ${values.length} values`);
  return found;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

const verdict = ({ goal, met }: Figure): string => (met === null ? '' : `${goal} ${met ? 'met' : 'MISSED'}`);

/** The figures as aligned lines: figure, value (to the right), unit, goal. */
export function table(list: readonly Figure[]): string {
  const rows = list.map((each) => [each.figure, String(each.value), each.unit, verdict(each)] as const);
  const lines = [['figure', 'value', 'unit', 'goal'] as const, ...rows];
  const width = (column: 0 | 1 | 2) => Math.max(...lines.map((line) => line[column].length));
  const [first, second, third] = [width(0), width(1), width(2)];
  return lines
    .map(([figure, value, unit, goal]) =>
      `${figure.padEnd(first)}  ${value.padStart(second)}  ${unit.padEnd(third)}  ${goal}`.trimEnd(),
    )
    .join('\n');
}

/** One list with the newer value of each figure, in the older one's place where it has one, at the end otherwise. */
export function merged(older: readonly Figure[], newer: readonly Figure[]): Figure[] {
  const values = new Map([...older, ...newer].map((each) => [each.figure, each]));
  return [...values.values()];
}

/** The figures as the JSON text of `results.json`. */
export const json = (list: readonly Figure[]): string => `${JSON.stringify(list, null, 2)}\n`;
