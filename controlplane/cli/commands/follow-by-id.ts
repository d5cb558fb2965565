import { PortcullisError } from '../../settings/errors.ts';
import { ifFound } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import type { Terminal } from '../output/terminal.ts';
import { follow } from './follow.ts';
import { followRestore } from './restore.ts';
import { followSweep } from './sweep.ts';
import { followVerification } from './verify.ts';

/** Follows the run, verification, sweep or restore with an id to its end. @throws `not-found` */
export const followById = (terminal: Terminal, _: unknown, id: string): Promise<number> =>
  withClient(async (client) => {
    if (await ifFound(client.runSince(id))) return follow(client, id, terminal);
    if (await ifFound(client.verification(id))) return followVerification(client, id, terminal);
    if (await ifFound(client.sweepState(id))) return followSweep(client, id, terminal);
    if (await ifFound(client.restored(id))) return followRestore(client, id, terminal);
    throw new PortcullisError('not-found', `no run, verification, sweep or restore has the id ${id}`);
  });
