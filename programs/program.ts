import { account } from './account.ts';
import type { RegionArguments, StackArguments } from './arguments.ts';
import { Forwarding } from './forwarding.ts';
import { hub } from './hub.ts';
import { providerFor, tagEverything } from './provider.ts';

/** Runs the program that the arguments name. Returns the stack's outputs. */
export function program(args: StackArguments): Record<string, unknown> {
  tagEverything(args.tags);
  switch (args.kind) {
    case 'hub':
      return hub(args);
    case 'account':
      return account(args);
    case 'region':
      return region(args);
  }
}

/** Declares how the stack's account is reached and nothing else, which is all that a destroy has to know. */
export function access(args: StackArguments): Record<string, unknown> {
  providerFor(args.place, args.kind === 'hub' ? args.place.region : args.hub.region);
  return {};
}

/** Declares one cell: the forwarding rule and its target in one Region of one account. */
function region(args: RegionArguments): Record<string, unknown> {
  new Forwarding(
    { place: args.place, hub: args.hub, cell: args.cell },
    providerFor(args.place, args.hub.region),
  );
  return {};
}
