/**
 * Makes text from other people safe for Slack. Slack has no escape for its formatting (`*bold*`, `_italic_`, `:100:`,
 * which an IPv6 address can contain), but reads none inside a code span. So values are put into code spans, and in
 * sentences every word with more than letters, digits and punctuation.
 */

/** https://docs.slack.dev/messaging/formatting-message-text: the three characters that are always markup. */
const entities = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
]);

const rightToLeft =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

const ordinary = /^[\p{L}\p{N}\p{Pd}.,;!?'"()%+=…]+:?$/u;

/** The text in one line, without invisible characters and without those that reverse the direction of text. */
export function plain(text: string): string {
  return text
    .slice(0, 4_000)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[\p{Cf}\p{Co}\p{Cn}]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** At most so many UTF-16 units, with an ellipsis where text was left out. No character is cut in two. */
export function cut(
  text: string,
  limit: number,
  form: (character: string) => string = (each) => each,
): string {
  let kept = '';
  let full = '';
  for (const character of text) {
    full += form(character);
    if (full.length > limit) return `${kept}…`;
    if (full.length < limit) kept = full;
  }
  return full;
}

export function asEntity(character: string): string {
  return entities.get(character) ?? character;
}

/** A value in a code span, with at most so many characters between the backticks. */
export function code(value: string, limit = 120): string {
  const shown = cut(plain(value).replaceAll('`', "'"), limit - 2, asEntity) || '(empty)';
  return rightToLeft.test(shown) ? `\`\u2068${shown}\u2069\`` : `\`${shown}\``;
}

/** A sentence of at most so many characters. Words that Slack could read as markup become code spans. */
export function sentence(text: string, limit = 400): string {
  let written = '';
  for (const word of plain(text).split(' ')) {
    const next = written === '' ? wordOf(word) : `${written} ${wordOf(word)}`;
    if (next.length > limit - 2) return `${written} …`;
    written = next;
  }
  return written;
}

function wordOf(word: string): string {
  if (word === '' || (ordinary.test(word) && word.length <= 100)) return word;
  const [, opening = '', core = '', closing = ''] =
    /^(\(?)(.*?)([.,;:!?)]*)$/s.exec(word.slice(0, 300)) ?? [];
  return core === '' ? code(word) : `${opening}${code(core)}${closing}`;
}

/** As many whole lines as fit into so many characters, and the number of the lines left out. */
export function linesWithin(lines: readonly string[], limit: number): { text: string; left: number } {
  let text = '';
  for (const [index, line] of lines.entries()) {
    const next = text === '' ? line : `${text}\n${line}`;
    if (next.length > limit) return { text, left: lines.length - index };
    text = next;
  }
  return { text, left: 0 };
}
