import { PortcullisError } from '../../settings/errors.ts';
import { withClient } from '../client/service.ts';
import type { Terminal } from '../output/terminal.ts';
import { follow } from './follow.ts';
import { followRestore } from './restore.ts';
import { followSweep } from './sweep.ts';
import { followVerification } from './verify.ts';

const exists = (look: Promise<unknown>): Promise<boolean> =>
  look.then(
    () => true,
    (error) => {
      if (error instanceof PortcullisError && error.code === 'not-found') return false;
      throw error;
    },
  );

/** Follows the run, the verification, the sweep or the restore of an id to its end. @throws `not-found` where there is none */
export const followById = (terminal: Terminal, _: unknown, id: string): Promise<number> =>
  withClient(async (client) => {
    if (await exists(client.runSince(id))) return follow(client, id, terminal);
    if (await exists(client.verification(id))) return followVerification(client, id, terminal);
    if (await exists(client.sweepState(id))) return followSweep(client, id, terminal);
    if (await exists(client.restored(id))) return followRestore(client, id, terminal);
    throw new PortcullisError('not-found', `no run, verification, sweep or restore has the id ${id}`);
  });
