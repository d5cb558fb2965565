import { account } from './account.ts';
import type { StackArguments } from './arguments.ts';
import { hub } from './hub.ts';
import { region } from './region.ts';

/** Runs the program that the arguments name; its value is the stack's outputs. */
export function program(args: StackArguments): Record<string, unknown> {
  switch (args.kind) {
    case 'hub':
      return hub(args);
    case 'account':
      return account(args);
    case 'region':
      return region(args);
  }
}
