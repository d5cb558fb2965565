import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { PortcullisError } from '../../settings/errors.ts';
import type { Screen } from './progress.ts';

export const exits = { done: 0, failed: 1, usage: 2, differs: 3, incomplete: 4, interrupted: 130 } as const;

/** What a command writes to: standard output, standard error, and whether its answer is JSON. */
export interface Terminal {
  readonly screen: Screen;
  readonly json: boolean;
  complain(text: string): void;
}

/** JSON in which the characters that a terminal or a reader acts on are escaped. The parsed value is the same. */
function jsonText(value: unknown): string {
  const escaped = (text: string) =>
    text.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return JSON.stringify(value, null, 2).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

/** Writes an answer, as JSON if `--json` is given. */
export function show<T>({ screen, json }: Terminal, answer: T, render: (answer: T) => string): void {
  screen.write(`${json ? jsonText(answer) : render(answer)}\n`);
}

/** Writes a part of a long answer, and waits if the reader is slower. */
export async function writePart({ screen }: Pick<Terminal, 'screen'>, text: string): Promise<void> {
  if (screen.write(text) === false && screen instanceof Writable) await once(screen, 'drain');
}

/** Writes a line before the answer; with `--json` only the answer is written. */
export function say({ screen, json }: Terminal, line: string): void {
  if (!json) screen.write(`${line}\n`);
}

/** What a person types; undefined without a terminal to ask on. */
export async function askText(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}

/** Whether a person answers yes; undefined without a terminal to ask on. */
export async function ask(question: string): Promise<boolean | undefined> {
  const typed = await askText(`${question} Type yes: `);
  return typed === undefined ? undefined : typed.toLowerCase() === 'yes';
}

/** Whether a person agrees, or has done so with `--yes`. @throws `invalid-request` without a terminal to ask on */
export async function agreed(
  terminal: Terminal,
  command: string,
  yes: boolean | undefined,
  question: string,
): Promise<boolean> {
  const answer = yes || (await ask(question));
  if (answer === undefined)
    throw new PortcullisError(
      'invalid-request',
      `${command} asks on a terminal; give --yes if there is none`,
    );
  if (!answer) say(terminal, 'nothing was changed');
  return answer;
}
