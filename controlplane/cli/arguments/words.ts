import type { Command } from 'commander';
import { PortcullisError } from '../../settings/errors.ts';

/** The command that the arguments name, or its nearest parent. */
export function commandNamed(root: Command, args: readonly string[]): Command {
  let command = root;
  for (const word of args) {
    const next = command.commands.find((each) => each.name() === word);
    if (!next) break;
    command = next;
  }
  return command;
}

/** @throws `invalid-request` if an option follows instead of a value: `--account --region eu-west-1` */
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
