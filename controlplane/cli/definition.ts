import type { Terminal } from './output/terminal.ts';

/** Runs a command and returns its exit code. */
export type Handler = (terminal: Terminal, values: never, ...operands: string[]) => Promise<number>;

/** Flags and their meaning. `<id...>` may be given several times. */
export type OptionLine = readonly [flags: string, description: string];

/** One command as the command line shows it. Its code is loaded when it runs. */
export interface Definition {
  readonly summary: string;
  readonly operands?: string;
  readonly options: readonly OptionLine[];
  readonly load: () => Promise<Handler>;
}

/** Commands by name, in the order of the help. */
export type Definitions = Readonly<Record<string, Definition>>;

export const json: OptionLine = ['--json', 'print the answer, and an error, as JSON'];
/** The options of a command for a part of the organization. */
export const scope: readonly OptionLine[] = [
  ['--account <id...>', 'this account; may be given several times'],
  [
    '--ou <id...>',
    'the accounts of this organizational unit (ou-…) or root (r-…); may be given several times',
  ],
  ['--region <region...>', 'this Region; may be given several times'],
];
export const all: OptionLine = ['--all', 'the whole organization; required without another scope'];
