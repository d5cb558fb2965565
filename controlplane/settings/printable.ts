/**
 * Control characters but for line feeds and tabs, the characters that change the direction of the text after them, and
 * invisible tag characters: a terminal and a reader would take another text than the one that is there. Source: Unicode
 * Standard Annex 9.
 */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to remove.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu;

/** A text that others wrote, without what a terminal or a reader would act on. Pure. */
export const printable = (text: string): string => text.replace(unprintable, '');

/** For `JSON.parse`: every text in it printable. */
export const printableValues = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? printable(value) : value;
