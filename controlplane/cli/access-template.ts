import { exits } from './exits.ts';
import type { Screen } from './progress.ts';
import { withClient } from './service-client.ts';

/** Prints the template of the access role as the service fills it in. */
export const accessTemplate = (_: unknown, screen: Screen): Promise<number> =>
  withClient(async (client) => {
    screen.write(await client.accessTemplate());
    return exits.done;
  });
