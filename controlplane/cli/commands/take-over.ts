import { createInterface } from 'node:readline/promises';
import { PortcullisError } from '../../settings/errors.ts';
import { withClient } from '../client/service.ts';
import { exits } from '../output/exits.ts';
import type { Screen } from '../output/progress.ts';

const question =
  'The hub may belong to another control plane. Two that work on one organization undo each other. ' +
  'Is the other one stopped? Type yes: ';

async function isConfirmed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new PortcullisError(
      'invalid-request',
      'take-over asks on a terminal; give --yes where there is none',
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim().toLowerCase() === 'yes';
  } finally {
    terminal.close();
  }
}

/** Makes the hub this installation's, once a person says that no other control plane works on it. */
export async function takeOver(yes: boolean, screen: Screen): Promise<number> {
  if (!yes && !(await isConfirmed())) {
    screen.write('nothing was changed\n');
    return exits.failed;
  }
  return withClient(
    async (client) => {
      const { id, before } = await client.takeOver();
      screen.write(
        before === id
          ? `the hub belongs to this installation, ${id}, already\n`
          : `the hub belongs to installation ${id} now${before ? `; before, to ${before}` : ''}\n` +
              'start the service, or run portcullis reconcile --only-changed\n',
      );
      return exits.done;
    },
    { takingOver: true },
  );
}
