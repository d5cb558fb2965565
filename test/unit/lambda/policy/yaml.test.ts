import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../../../controlplane/cli/policy/input.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { readYaml } from '../../../../lambda/policy/yaml.ts';

const starUnquoted = readFileSync(
  new URL('../../../fixtures/policies/star-unquoted.yaml', import.meta.url),
  'utf8',
);

const reported = (text: string) =>
  readYaml(text).mistakes.map(({ line, message }) => `line ${line}: ${message}`);

describe('a text that is not YAML', () => {
  it('is refused as a policy with the line and the value in quotes where a pattern begins with a star', () => {
    expect(() => parsePolicy(starUnquoted)).toThrow(
      "  line 5: the alias *-prod names no anchor; * begins a YAML alias; write it in quotes: '*-prod'",
    );
    expect(parsePolicy(starUnquoted.replace('*-prod', "'*-prod'")).rules[0]?.scope).toEqual({
      exclude: [{ groupNames: ['*-prod'] }],
    });
  });

  it('is refused in the same words by the commands that read YAML', () => {
    expect(() => parseYaml({ name: 'expect.yaml', text: '- { group: *-prod }\n' })).toThrow(
      "expect.yaml: line 1: the alias *-prod names no anchor; * begins a YAML alias; write it in quotes: '*-prod'",
    );
  });

  it.each([
    ['a star alone', 'a: *\n', "line 1: .*write it in quotes: '\\*'"],
    ['a value that begins with !', 'a: [!prod, b]\n', "line 1: .*write it in quotes: '!prod'"],
    ['a tab', 'rules:\n\t- name: x\n', 'line 2: .*indent with spaces, not with tabs'],
    ['a key given twice', 'mode: observe\nmode: revoke\n', 'line 2: .*mode is written twice'],
    ['an open double quote', 'a: 1\nb: "x\nc: 1\n', 'line 4: .*the quote of line 2 is not closed; write "'],
    ['an open single quote', "a: 1\nb: 'x\nc: 1\n", "line 4: .*the quote of line 2 is not closed; write '"],
    ['an open [', 'a: 1\nb: [\n  x,\n  y\nc: 1\n', 'line 5: .*the \\[ of line 2 is not closed; write \\]'],
    ['an open {', 'b: { x: 1\nc: 1\n', 'line 2: .*the \\{ of line 1 is not closed; write \\}'],
    ['a bracket too many', 'b: [1]]\n', 'line 1: .*this \\] closes nothing'],
    [
      'a colon in a value',
      "message: It's this: that # why\n",
      "line 1: .*cannot hold a colon and a space; write it in quotes: 'It''s this: that'",
    ],
    [
      'a colon in a value inside braces',
      'a: { m: b: c }\n',
      'line 1: .*quotes around a value that holds a colon',
    ],
    ['a value that begins with @', 'a: @team # x\n', "line 1: .*write it in quotes: '@team'"],
    ['a quote inside single quotes', "a: 'it's'\n", "line 1: .*inside single quotes write ''"],
    ['an escape that there is not', 'a: "\\q"\n', 'line 1: .*use single quotes'],
    ['a key without a colon', 'version: 1\nmode observe\nrules: []\n', 'line 2: .*write a colon and a space'],
    ['keys at unequal columns', 'a:\n    b: 1\n  c: 2\n', 'line 3: .*indent the key as far as'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'line 2: .*leave out the line ---'],
  ])('%s is named with its line and what to write instead', (_, text, wanted) => {
    expect(reported(text)[0]).toMatch(new RegExp(`^${wanted}`));
    expect(() => parsePolicy(text)).toThrow(new RegExp(wanted));
  });

  it('is reported without the parser’s own place, which would be a second one', () => {
    expect(reported('a: 1\na: 2\n')).toEqual([
      'line 2: Map keys must be unique; a is written twice; leave one of them out',
    ]);
  });
});

it('an alias of an anchor that is set is read', () => {
  expect(reported('a: &x [1]\nb: *x\n')).toEqual([]);
});

it('a policy whose aliases multiply beyond measure is refused, not an accident', () => {
  const levels = Array.from(
    { length: 12 },
    (_, at) => `l${at + 1}: &l${at + 1} [${Array(12).fill(`*l${at}`)}]`,
  );
  expect(() => parsePolicy(['l0: &l0 [1]', ...levels].join('\n'))).toThrow(/cannot be read:\n.*alias/i);
});
