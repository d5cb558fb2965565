import { printable } from '../../settings/printable.ts';

/** A spreadsheet takes text that begins so for a formula. Source: "CSV Injection", OWASP. */
const formula = /^[=+\-@\t\r]/;

/**
 * A cell that no spreadsheet runs: text that would be a formula begins with an apostrophe. Numbers stay numbers. Line
 * ends become spaces.
 */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = printable(formula.test(value) ? `'${value}` : value).replace(/\s+/g, ' ');
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line, with its end. Source: RFC 4180. Pure. */
export const csvLine = (values: readonly (string | number | null)[]): string =>
  `${values.map(cell).join(',')}\r\n`;
