import type { Command, Option } from 'commander';
import { PortcullisError } from '../../settings/errors.ts';

/** The command that the words name, as far as they name one. */
export function commandNamed(root: Command, args: readonly string[]): Command {
  let command = root;
  for (const word of args) {
    const next = command.commands.find((each) => each.name() === word);
    if (!next) break;
    command = next;
  }
  return command;
}

const isOf = (option: Option, arg: string) => arg === option.long || arg.startsWith(`${option.long}=`);

/** @throws `invalid-request` where the next option stands in the place of a value: `--account --region eu-west-1` */
export function requireValues(command: Command, args: readonly string[]): void {
  for (const [index, arg] of args.entries()) {
    if (arg === '--') return;
    const option = command.options.find(({ long, required }) => required && long === arg);
    const next = args[index + 1];
    if (option && (next === undefined || /^-./.test(next)))
      throw new PortcullisError(
        'invalid-request',
        `${arg} needs a value: ${option.flags}${next ? `; write ${arg}=${next} if it begins with -` : ''}`,
      );
  }
}

const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * Refuses a command line whose options npm took: `npm run portcullis reconcile --account=…` would be about the whole
 * organization. `--yes` is an option of npm and npx as well, and what it leaves out is asked.
 * @param taken what npm has for an option of this name
 * @throws `invalid-request` with the command line to write
 */
export function refuseTakenOptions(
  command: Command,
  args: readonly string[],
  taken: (name: string) => string | undefined,
): void {
  const lost = command.options.flatMap((option) => {
    const value = option.name() === 'yes' || option.name() === 'version' ? undefined : taken(option.name());
    return value === undefined || args.some((arg) => isOf(option, arg)) ? [] : [{ option, value }];
  });
  if (lost.length === 0) return;
  // npm has true for an option whose value stands apart, and passes the value on as a word of its own.
  const apart = lost.filter(({ option, value }) => option.required && value === 'true').length;
  const loose = apart > 0 ? args.slice(-apart) : [];
  const kept = apart > 0 ? args.slice(0, -apart) : args;
  const words = lost.flatMap(({ option, value }) => {
    const flag = option.long ?? option.flags;
    if (!option.required) return [flag];
    const values = value === 'true' ? [loose.shift() ?? `<${option.name()}>`] : value.split('\n\n');
    return values.flatMap((each) => [flag, each]);
  });
  const flags = lost.map(({ option }) => option.long).join(', ');
  throw new PortcullisError(
    'invalid-request',
    `npm took ${flags} for itself, so nothing was done. Write: npx portcullis ${[...kept, ...words].map(quoted).join(' ')}`,
  );
}
