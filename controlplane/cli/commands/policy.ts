import type { Terminal } from '../output/terminal.ts';
import { type Answer, diff, explain, test } from '../policy/command.ts';

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Names and tags are from other people's accounts: nothing in them may move the cursor or look like a line of ours. */
const printable = (line: string): string =>
  line.replace(new RegExp(`${unprintable.source}+`, 'gu'), ' ').trimEnd();

/** JSON in which the same characters are escaped, so that no reader acts on them. */
function printableJson(value: unknown): string {
  const escaped = (letter: string) =>
    letter === '\n'
      ? letter
      : [...Array(letter.length).keys()]
          .map((at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join('');
  return JSON.stringify(value, null, 2).replace(unprintable, escaped);
}

/** A policy command: writes its answer, as JSON where `--json` asks for it. */
const policy =
  <Values>(answer: (values: Values, ...operands: string[]) => Promise<Answer>) =>
  async ({ screen, json: asJson }: Terminal, values: Values, ...operands: string[]): Promise<number> => {
    const { lines, json, exit } = await answer(values, ...operands);
    screen.write(`${asJson ? printableJson(json) : lines.map(printable).join('\n')}\n`);
    return exit;
  };

export const testPolicy = policy(test);
export const explainPolicy = policy((values: Parameters<typeof explain>[0], rule = '') =>
  explain(values, rule),
);
export const diffPolicies = policy((values: Parameters<typeof diff>[0], older = '', newer = '') =>
  diff(values, older, newer),
);
