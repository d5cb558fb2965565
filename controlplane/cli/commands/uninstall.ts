import { setTimeout as rest } from 'node:timers/promises';
import type { UninstallView } from '../../offboarding/uninstall.ts';
import { PortcullisError } from '../../settings/errors.ts';
import type { Client } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { plain } from '../output/table.ts';
import { agreed, askText, exits, say, show, type Terminal } from '../output/terminal.ts';

const pollMs = 1_000;
const question =
  'This removes Portcullis from every account of the organization: after that it closes nothing. ' +
  'Type the id of the organization (o-…): ';

/** What could not be removed, each with the reason, and how to continue. Pure. */
export function renderUninstall({ state, remaining, left, stacks }: UninstallView): string {
  if (state === 'none') return 'the installation is not being uninstalled';
  if (state === 'in-progress') return `${remaining} stacks remain, ${left} of which could not be removed`;
  const lines = stacks
    .filter((each) => each.left)
    .map(({ key, why }) => `  ${key}: ${plain(why ?? 'no reason is known')}`);
  const more = left > lines.length ? [`  and ${left - lines.length} more`] : [];
  const details = [
    ...(left > 0 ? [`${left} stacks could not be removed:`, ...lines, ...more] : []),
    ...(left > 0 ? ['fix the cause, then run portcullis uninstall again'] : []),
  ];
  const head =
    state === 'finished'
      ? 'the hub is removed; trail buckets stay. Stop the service; portcullis reinstall begins again'
      : 'the hub is not removed';
  return [head, ...details].join('\n');
}

/** Follows the removal until it ends or waits for a person. If the command is stopped, the service continues. */
async function follow(terminal: Terminal, client: Client): Promise<UninstallView> {
  let shown = '';
  for (;;) {
    const view = await client.uninstallView();
    if (view.state !== 'in-progress') return view;
    const line = renderUninstall(view);
    if (line !== shown) say(terminal, line);
    shown = line;
    await rest(pollMs);
  }
}

/** Removes everything that the installation made. If the command is stopped, the service continues. */
export async function uninstall(
  terminal: Terminal,
  { confirm }: { readonly confirm?: string },
): Promise<number> {
  const organization = confirm ?? (await askText(question));
  if (organization === undefined)
    throw new PortcullisError(
      'invalid-request',
      'uninstall asks on a terminal; give --confirm <organization id> if there is none',
    );
  return withClient(async (client) => {
    await client.uninstall(organization);
    const view = await follow(terminal, client);
    show(terminal, view, renderUninstall);
    return view.state === 'finished' && view.remaining === 0 ? exits.done : exits.failed;
  });
}

/** Ends an uninstall after a person agrees. */
export async function reinstall(terminal: Terminal, { yes }: { readonly yes?: boolean }): Promise<number> {
  const question = 'The service deploys to every account in scope again. Go on?';
  if (!(await agreed(terminal, 'reinstall', yes, question))) return exits.failed;
  return withClient(async (client) => {
    show(terminal, await client.reinstall(), () => 'start the service, or run portcullis reconcile --all');
    return exits.done;
  });
}
