import { withClient } from '../client/service.ts';
import { exits } from '../output/exits.ts';
import type { Screen } from '../output/progress.ts';

/** Prints the template of the access role as the service fills it in. */
export const accessTemplate = (_: unknown, screen: Screen): Promise<number> =>
  withClient(async (client) => {
    screen.write(await client.accessTemplate());
    return exits.done;
  });
