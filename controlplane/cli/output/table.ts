import { printable } from '../../settings/printable.ts';

/** Rows in columns as wide as their widest cell; the first row is the head. Line ends in a cell become spaces. Pure. */
export function table(given: readonly (readonly string[])[]): string {
  const rows = given.map((cells) => cells.map(plain));
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, cells) => Math.max(widest, cells[column]?.length ?? 0), 0),
  );
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: text that others wrote may move a terminal's cursor.
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Text that others wrote, on one line and without what a terminal would act on. */
export const plain = (text: string): string => printable(text.replace(control, ' '));
