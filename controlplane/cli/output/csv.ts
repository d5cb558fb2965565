import { printable } from '../../settings/printable.ts';

/** The first characters that make a spreadsheet read a cell as a formula. Source: OWASP, "CSV Injection". */
const formula = /^[=+\-@\t\r]/;

export type Cell = string | number | boolean | null | undefined;

/** A cell that a spreadsheet shows as text: a quote before a formula; line ends become spaces. */
function cellOf(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const isFormula = formula.test(value) || formula.test(printable(value).trimStart());
  const text = printable(isFormula ? `'${value}` : value).replace(/\s+/g, ' ');
  return /[",]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line of CSV by RFC 4180, with its line end. Numbers stay numbers, also negative ones. Pure. */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(cellOf).join(',')}\r\n`;
