import { awsClients } from '../../aws/clients.ts';
import { checkConcurrency, checkHubRegion, type HubCheck } from '../../aws/hub-checks.ts';
import { findAwsPlugin } from '../../pulumi/aws-plugin.ts';
import { readSettings, type Settings } from '../../settings/environment.ts';
import { exits, show, type Terminal } from '../output/terminal.ts';

const marks = { ok: '✔', problem: '✘', unknown: '?' } as const;

/** The checks as lines, problems first. */
export function renderChecks(checks: readonly HubCheck[]): string {
  const order = ['problem', 'unknown', 'ok'];
  return [...checks]
    .sort((one, other) => order.indexOf(one.result) - order.indexOf(other.result))
    .map(({ name, result, message }) => `${marks[result]} ${name}: ${message}`)
    .join('\n');
}

async function checkAwsPlugin(settings: Settings): Promise<HubCheck> {
  const { kind, message } = await findAwsPlugin(settings);
  return { name: 'AWS plugin', result: kind === 'missing' ? 'problem' : 'ok', message };
}

/** Checks this machine and the hub account with the credentials of this shell. Changes nothing. */
export async function doctor(terminal: Terminal): Promise<number> {
  const settings = readSettings();
  const aws = awsClients(settings);
  const checks = await Promise.all([
    checkHubRegion(aws, settings),
    checkConcurrency(aws, settings),
    checkAwsPlugin(settings),
  ]);
  show(terminal, checks, renderChecks);
  return checks.every(({ result }) => result === 'ok') ? exits.done : exits.differs;
}
