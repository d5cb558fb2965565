import { CommanderError } from 'commander';
import { isDebugging } from '../settings/environment.ts';
import { PortcullisError } from '../settings/errors.ts';
import { printable } from '../settings/printable.ts';
import { refuseOptionsOfNpm } from './arguments/npm.ts';
import { commandNamed, requireValues } from './arguments/words.ts';
import type { Screen } from './output/progress.ts';
import { plain } from './output/table.ts';
import { exits, type Terminal } from './output/terminal.ts';
import { program } from './program.ts';

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let exit: number = exits.done;
  const root = program(terminal, (code) => {
    exit = code;
  });
  const command = commandNamed(root, args);
  refuseOptionsOfNpm(command, args);
  requireValues(command, args);
  // -1 is a protocol in `policy explain -1/0.0.0.0/0`, and an option to the parser.
  const words = args.map((arg) => (arg.startsWith('-1/') ? `all${arg.slice(2)}` : arg));
  await root.parseAsync(words, { from: 'user' });
  return exit;
}

/** The parser's complaint in one sentence, with its suggestion and where the help is. */
function usageError(error: CommanderError, args: readonly string[]): PortcullisError {
  const [what = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const mean = suggestion.replace(/^\(D(.*)\)$/, '; d$1');
  const [name = ''] = args;
  const help =
    /^[a-z-]+$/.test(name) && error.code !== 'commander.unknownCommand' ? `${name} --help` : '--help';
  return new PortcullisError('invalid-request', `${what.replace(/\.$/, '')}${mean}\nSee: portcullis ${help}`);
}

/** Reports a failure and returns the exit code. The stack trace is shown only if LOG_LEVEL is debug or trace. */
export function failed(thrown: unknown, { json, complain }: Pick<Terminal, 'json' | 'complain'>): number {
  const known = thrown instanceof PortcullisError;
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = known ? thrown.code : 'internal';
  const hint = known ? '' : '; this is a defect of Portcullis, and LOG_LEVEL=debug shows where';
  // Text that others wrote, such as a name in AWS, must not move the cursor.
  const message = `${printable(cause.message).split('\n').map(plain).join('\n')}${hint}`;
  complain(json ? JSON.stringify({ error: { code, message } }) : `portcullis: ${message}`);
  if (isDebugging()) complain(String(cause.stack));
  return code.startsWith('invalid') ? exits.usage : exits.failed;
}

/** Runs one command line; its exit code. Output goes to the screen, errors to `complain`. */
export async function command(
  args: readonly string[],
  screen: Screen,
  complain: (text: string) => void,
): Promise<number> {
  const terminal = { screen, complain, json: args.includes('--json') };
  try {
    return await run(args, terminal);
  } catch (error) {
    if (!(error instanceof CommanderError)) return failed(error, terminal);
    if (error.exitCode === 0) return exits.done;
    // Without a command, the parser has written the help to standard error.
    return error.code === 'commander.help' ? exits.usage : failed(usageError(error, args), terminal);
  }
}
