import { outcomes } from '../../../lambda/contract/result.ts';
import { PortcullisError } from '../../settings/errors.ts';
import { oneOf } from '../arguments/values.ts';
import type { Client } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { exits, show, type Terminal } from '../output/terminal.ts';
import { renderConfirmations } from './confirmations.ts';
import { renderExceptions } from './exceptions.ts';
import { renderRemediations } from './remediations.ts';
import { renderRuns } from './runs.ts';

/** A command that shows the answer of one route. */
const list =
  <T>(find: (client: Client) => Promise<T>, render: (found: T) => string) =>
  (terminal: Terminal): Promise<number> =>
    withClient(async (client) => {
      show(terminal, await find(client), render);
      return exits.done;
    });

export const runs = list((client) => client.runs(), renderRuns);
export const exceptions = list((client) => client.exceptions(), renderExceptions);
export const confirmations = list((client) => client.confirmations(), renderConfirmations);

/** Prints the template of the access role as the service fills it in; CloudFormation takes YAML and JSON. */
export const accessTemplate = ({ screen, json }: Terminal): Promise<number> =>
  withClient(async (client) => {
    const text = await client.accessTemplate();
    if (!json) screen.write(text);
    else screen.write(`${JSON.stringify((await import('yaml')).parse(text), null, 2)}\n`);
    return exits.done;
  });

interface RemediationValues {
  readonly account?: readonly string[];
  readonly outcome?: string;
}

/** @throws `invalid-request` if a filter cannot match anything */
export async function remediations(
  terminal: Terminal,
  { account = [], outcome }: RemediationValues,
): Promise<number> {
  if (account.length > 1) throw new PortcullisError('invalid-request', 'remediations takes one --account');
  const filter = { account: account[0], outcome: oneOf('--outcome', outcomes, outcome) };
  return list(
    async (client) => (await client.remediations(filter)).remediations,
    renderRemediations,
  )(terminal);
}
