import { withClient } from '../client/service.ts';
import { agreed, exits, show, type Terminal } from '../output/terminal.ts';

const question =
  'The hub may belong to another control plane. Two that work on one organization undo each other. ' +
  'Is the other one stopped?';

const renderOwner = ({ id, before }: { id: string; before?: string }): string =>
  before === id
    ? `the hub belongs to this installation, ${id}, already`
    : `the hub belongs to installation ${id} now${before ? `; before, to ${before}` : ''}\n` +
      'start the service, or run portcullis reconcile --all --only-changed';

/** Makes this installation the owner of the hub, after a person confirms that the other control plane is stopped. */
export async function takeOver(terminal: Terminal, { yes }: { readonly yes?: boolean }): Promise<number> {
  if (!(await agreed(terminal, 'take-over', yes, question))) return exits.failed;
  return withClient(
    async (client) => {
      show(terminal, await client.takeOver(), renderOwner);
      return exits.done;
    },
    { takingOver: true },
  );
}
