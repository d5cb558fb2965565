import type { RegionArguments } from './arguments.ts';
import { Forwarding } from './forwarding.ts';
import { providerFor } from './provider.ts';

/** Declares one cell: the forwarding rule and its target in one Region of one account. */
export function region(args: RegionArguments): Record<string, unknown> {
  new Forwarding(
    { place: args.place, hub: args.hub, cell: args.cell },
    providerFor(args.place, args.hub.region),
  );
  return {};
}
