import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';

/** A YAML mistake: where, the parser's message, and what to write instead. */
export interface YamlMistake {
  readonly line: number;
  readonly message: string;
}

export interface YamlText {
  readonly document: Document;
  readonly lines: LineCounter;
  /** In the order of the text. When there are any, the document's values must not be used. */
  readonly mistakes: readonly YamlMistake[];
}

interface Spot {
  readonly text: string;
  readonly at: number;
  readonly document: Document;
  readonly lines: LineCounter;
}

/** The parser's code, its message when one code has several meanings, and the fix. */
interface Hint {
  readonly code: string;
  readonly says?: RegExp;
  readonly hint: (spot: Spot, says: RegExpExecArray | null) => string;
}

const quoted = (value: string) => `write it in quotes: '${value.replaceAll("'", "''")}'`;
/** The value at a place: up to what ends a plain value inside brackets. */
const wordAt = ({ text, at }: Spot) => /^[^\s,[\]{}]*/.exec(text.slice(at))?.[0] ?? '';
/** The rest of the line, without a comment. */
const restAt = ({ text, at }: Spot) => (/^.*/.exec(text.slice(at))?.[0] ?? '').replace(/\s#.*$/, '').trim();
const lineAt = ({ lines }: Spot, at: number) => lines.linePos(at).line;

/** Where the innermost open node of a kind begins. */
function opening({ at, document }: Spot, isKind: (node: unknown) => boolean): number | undefined {
  let found: number | undefined;
  visit(document, (_, node) => {
    const [from = at, , to = 0] = (isNode(node) && node.range) || [];
    if (isKind(node) && from < at && to >= at - 1) found = from;
  });
  return found;
}

const isQuote = (node: unknown) => isScalar(node) && node.type?.startsWith('QUOTE') === true;

const closeBracket = (spot: Spot, says: RegExpExecArray | null) => {
  const end = says?.[1] ?? ']';
  const isOpen = (node: unknown) =>
    (end === ']' ? isSeq(node) : isMap(node)) && (node as { flow?: boolean }).flow === true;
  const from = opening(spot, isOpen);
  const where = from === undefined ? 'a bracket' : `the ${spot.text[from]} of line ${lineAt(spot, from)}`;
  return `${where} is not closed; write ${end} after its last item`;
};

const hints: readonly Hint[] = [
  { code: 'BAD_ALIAS', hint: (spot) => `* begins a YAML alias; ${quoted(wordAt(spot))}` },
  { code: 'TAG_RESOLVE_FAILED', hint: (spot) => `! begins a YAML tag; ${quoted(wordAt(spot))}` },
  { code: 'TAB_AS_INDENT', hint: () => 'indent with spaces, not with tabs' },
  {
    code: 'DUPLICATE_KEY',
    hint: (spot) =>
      `${/^[^:\s]*/.exec(spot.text.slice(spot.at))?.[0]} is written twice; leave one of them out`,
  },
  {
    code: 'MISSING_CHAR',
    says: /closing (["'])quote/,
    hint(spot, says) {
      const from = opening(spot, isQuote);
      const where = from === undefined ? '' : ` of line ${lineAt(spot, from)}`;
      return `the quote${where} is not closed; write ${says?.[1]} at the end of its value`;
    },
  },
  { code: 'MISSING_CHAR', says: /(?:end with )(?:a )?([\]}])/, hint: closeBracket },
  { code: 'BAD_INDENT', says: /(?:end with )(?:a )?([\]}])/, hint: closeBracket },
  { code: 'MISSING_CHAR', says: /, /, hint: () => 'write a comma between two items' },
  {
    code: 'MISSING_CHAR',
    says: /without - indicator/,
    hint: () => 'begin the item with "- ", or indent the key as far as the keys above it',
  },
  { code: 'BAD_INDENT', hint: () => 'indent the key as far as the other keys of its mapping' },
  {
    code: 'BLOCK_AS_IMPLICIT_KEY',
    hint: (spot) => `a plain value cannot hold a colon and a space; ${quoted(restAt(spot))}`,
  },
  {
    code: 'MULTILINE_IMPLICIT_KEY',
    hint: () => 'write a colon and a space after each key, such as mode: observe',
  },
  { code: 'MISSING_CHAR', says: /Implicit map key/, hint: () => 'write a colon and a space after each key' },
  {
    code: 'BLOCK_IN_FLOW',
    hint: () => 'write a comma before the next key, or quotes around a value that holds a colon and a space',
  },
  {
    code: 'BAD_SCALAR_START',
    hint: (spot) => `a plain value cannot begin with ${spot.text[spot.at]}; ${quoted(restAt(spot))}`,
  },
  { code: 'BAD_DQ_ESCAPE', hint: () => 'in double quotes \\ begins an escape; use single quotes' },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /flow-(?:seq|map)-end/,
    hint: ({ text, at }) => `this ${text[at]} closes nothing; leave it out, or open its bracket`,
  },
  {
    code: 'UNEXPECTED_TOKEN',
    says: /at node end/,
    hint: ({ text, at }) =>
      text[at - 1] === '\n'
        ? 'indent the line as far as what it belongs to'
        : "put the whole value into one pair of quotes; inside single quotes write '' for a quote",
  },
  { code: 'MULTIPLE_DOCS', hint: () => 'a file holds one document; leave out the line ---' },
];

interface Found {
  readonly code: string;
  readonly at: number;
  readonly message: string;
}

/** Reads a YAML text. Every mistake says what to write instead, when that is known. Pure; never throws. */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const unresolvedTags = document.warnings.filter(({ code }) => code === 'TAG_RESOLVE_FAILED');
  const found: Found[] = [...document.errors, ...unresolvedTags].map(({ code, message, pos }: YAMLError) => ({
    ...{ code, at: pos[0] },
    message: (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:$/, ''),
  }));
  if (found.length === 0) found.push(...unresolvedAliases(document));
  const mistakes = found
    .sort((one, other) => one.at - other.at)
    .map(({ code, at, message }) => {
      const hint = hintFor(code, message, { text, at, document, lines });
      return { line: lines.linePos(at).line, message: hint ? `${message}; ${hint}` : message };
    });
  return { document, lines, mistakes };
}

function hintFor(code: string, message: string, spot: Spot): string | undefined {
  for (const each of hints) {
    if (each.code !== code) continue;
    const says = each.says?.exec(message) ?? null;
    if (!each.says || says) return each.hint(spot, says);
  }
  return undefined;
}

/** Aliases without an earlier anchor: mostly patterns such as `*-prod` without quotes. */
function unresolvedAliases(document: Document): Found[] {
  const found: Found[] = [];
  visit(document, (_, node) => {
    if (!isAlias(node) || node.resolve(document)) return;
    found.push({
      ...{ code: 'BAD_ALIAS', at: node.range?.[0] ?? 0 },
      message: `the alias *${node.source} names no anchor`,
    });
  });
  return found;
}
