import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { text, tracked } from '../../worlds/repository.ts';

/** Words and phrases that are not used, with what to write instead. */
const refused: readonly (readonly [RegExp, string])[] = [
  [/\bmend(?:s|ed|ing)?\b/, 'fix'],
  [/\btold\b/, 'reported or notified'],
  [/\bheard\b/, 'received'],
  [/\bnobody\b/, 'no one, or the actor'],
  [/\bwhoever\b/, 'the actor'],
  [/\bwhatever\b/, 'the thing'],
  [/\bsomebody\b/, 'a person or a caller'],
  [/\b(?:is|are|was|were|be) gone\b/, 'not found or deleted'],
  [/\b(?:comes?|came|coming) to\b/, 'results in'],
  [/\b(?:is|are|was|were|be|been) looked (?:at|for)\b/, 'read or inspected'],
  [/\blooked at\b/, 'read or inspected'],
  [/\blets? (?:\w+ )?in\b/, 'allows'],
  [/\balike\b/, 'identical'],
  [/\bbesides\b/, 'also'],
  [/\bhence\b/, 'so'],
  [/\bby (?:itself|themselves|himself)\b/, 'automatically'],
  [/\bnothing wanting\b/, 'success'],
  [/\bnot all well\b/, 'unhealthy resources found'],
  [/\b(?:take|takes|taken|taking) hold of\b/, 'control it with'],
  [/\blets? go of\b/, 'releases'],
  [/\bunasked\b/, 'automatically'],
  [/\bthere no more\b/, 'out of scope'],
  [/\btaken away\b/, 'deleted or removed'],
];

/** The folders whose comments and texts are checked. */
const cleanFolders = ['bench/', 'controlplane/', 'docs/', 'lambda/', 'programs/', 'sandbox/', 'test/'];

/** Ledger keys that exist in deployed tables and so keep their name. */
const storedKeys = /slack\/told\//g;

/** The prose of a page: without code blocks, which hold commands and their output, and without code spans. */
const proseOf = (page: string): string =>
  page.replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, ' ')).replace(/`[^`\n]*`/g, ' ');

/** What people read in a module: its comments and the text of its literals, in the places where they are. */
function wordsOf(file: string, source: string): string {
  const kept = new Array<string>(source.length).fill(' ');
  for (const [index, character] of [...source].entries()) if (character === '\n') kept[index] = '\n';
  const keep = (from: number, to: number) => {
    for (let index = from; index < to; index += 1) kept[index] = source[index] ?? ' ';
  };
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []) keep(pos, end);
    for (const { pos, end } of ts.getTrailingCommentRanges(source, node.getEnd()) ?? []) keep(pos, end);
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      keep(node.getStart(), node.getEnd());
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return kept.join('').replace(storedKeys, (key) => ' '.repeat(key.length));
}

function hits(file: string, words: string): string[] {
  return words
    .split('\n')
    .flatMap((line, index) =>
      refused
        .filter(([pattern]) => pattern.test(line.toLowerCase()))
        .map(
          ([pattern, instead]) =>
            `${file}:${index + 1}: "${pattern.exec(line.toLowerCase())?.[0]}" (write ${instead})`,
        ),
    );
}

const pages = tracked.filter(
  (file) => (file.endsWith('.md') && !file.startsWith('test/fixtures/')) || file === 'docs/alerts.yaml',
);
const sources = tracked.filter(
  (file) =>
    /\.(ts|mjs)$/.test(file) &&
    cleanFolders.some((folder) => file.startsWith(folder)) &&
    file !== 'test/unit/docs/plain-english.test.ts',
);

describe('plain technical English', () => {
  test.each(pages)('%s has none of the refused words', (file) => {
    expect(hits(file, proseOf(text(file)))).toEqual([]);
  });

  test.each(sources)('the comments and texts of %s have none of the refused words', (file) => {
    expect(hits(file, wordsOf(file, text(file)))).toEqual([]);
  });

  test.each(pages.filter((file) => /^docs.*md$/.test(file)))(
    '%s begins with what the reader can do with it',
    (file) => {
      const [, first = ''] = /^# .+\n+([^#|`\n][^\n]*)/m.exec(text(file)) ?? [];
      expect(first).toMatch(/^(Use this page to|Find the page) /);
    },
  );

  test('a word is found in prose, comments and texts, and not in code', () => {
    const found = (words: string) => hits('x', words).length;
    expect(found(proseOf('It Comes to that.\n```\nnobody\n```\n`told`'))).toBe(1);
    const source = "// heard\nconst mend = 'alike'; /* besides */\nconst b = `hence $" + '{mend} whoever`;';
    expect(hits('x.ts', wordsOf('x.ts', source)).map((hit) => hit.slice(0, 12))).toEqual([
      'x.ts:1: "hea',
      'x.ts:2: "ali',
      'x.ts:2: "bes',
      'x.ts:3: "who',
      'x.ts:3: "hen',
    ]);
  });
});
