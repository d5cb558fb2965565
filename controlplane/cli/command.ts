import { parseArgs } from 'node:util';
import { startService } from '../service.ts';
import { readSettings } from '../settings/environment.ts';
import { PortcullisError } from '../settings/errors.ts';
import { makeLogger } from '../telemetry/log.ts';
import { withClient } from './client/service.ts';
import { accessTemplate } from './commands/access-template.ts';
import { auditCommand } from './commands/audit.ts';
import {
  isWaiting,
  renderConfirmation,
  renderConfirmations,
  renderLeftOut,
} from './commands/confirmations.ts';
import { doctor } from './commands/doctor.ts';
import { renderExceptions } from './commands/exceptions.ts';
import { renderRemediations } from './commands/remediations.ts';
import { missingOptions, restore } from './commands/restore.ts';
import { controlRun, ended, renderRuns, rolloutOf } from './commands/runs.ts';
import { renderStatus } from './commands/status.ts';
import { takeOver } from './commands/take-over.ts';
import { verify } from './commands/verify.ts';
import { exits } from './output/exits.ts';
import type { Screen } from './output/progress.ts';
import { policyCommand } from './policy/command.ts';
import { usage } from './usage.ts';

type Values = ReturnType<typeof readArguments>['values'];

function readArguments(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      account: { type: 'string', multiple: true },
      ou: { type: 'string', multiple: true },
      region: { type: 'string', multiple: true },
      'only-changed': { type: 'boolean', default: false },
      wave: { type: 'string', multiple: true },
      parallel: { type: 'string' },
      'max-failures': { type: 'string' },
      'max-failure-percent': { type: 'string' },
      outcome: { type: 'string' },
      owner: { type: 'string' },
      why: { type: 'string' },
      ticket: { type: 'string' },
      expires: { type: 'string' },
      permanent: { type: 'boolean', default: false },
      rule: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
}

const scopeOf = ({ account, ou, region }: Values) => ({
  ...(account && { accounts: account }),
  ...(ou && { organizationalUnits: ou }),
  ...(region && { regions: region }),
});

async function runCommand(kind: 'reconcile' | 'preview', values: Values, screen: Screen): Promise<number> {
  const body = {
    ...scopeOf(values),
    ...rolloutOf(values),
    preview: kind === 'preview',
    onlyChanged: values['only-changed'],
  };
  return withClient(async (client) => {
    const exit = await ended(client, (await client.reconcile(body)).id, screen);
    if (kind === 'preview') screen.write(renderLeftOut(await client.scope()));
    return exit;
  });
}

const controlCommand =
  (verb: 'pause' | 'resume' | 'cancel') =>
  (_: Values, screen: Screen, id: string): Promise<number> =>
    withClient((client) => controlRun(client, verb, id, screen));

/** Writes what was found, as JSON where that is asked for. */
function show<T>(screen: Screen, json: boolean, found: T, render: (found: T) => string): number {
  screen.write(`${json ? JSON.stringify(found, null, 2) : render(found)}\n`);
  return exits.done;
}

const runs = ({ json }: Values, screen: Screen): Promise<number> =>
  withClient(async (client) => show(screen, json, await client.runs(), renderRuns));

async function verifyCommand(values: Values, screen: Screen): Promise<number> {
  return withClient((client) => verify(client, scopeOf(values), values.json, screen));
}

async function status(values: Values, screen: Screen): Promise<number> {
  return withClient(async (client) => {
    const seen = [client.accounts(), client.stacks(), client.coverage()] as const;
    const [accounts, stacks, cells] = await Promise.all(seen);
    const confirmations = (await client.confirmations()).filter(isWaiting);
    const [notReady, protection] = await Promise.all([client.notReady(), client.protection()]);
    const waiting = { confirmations, notReady, protection };
    const { text, healthy } = renderStatus(accounts, stacks, cells, waiting);
    const all = { accounts, stacks, cells, ...waiting };
    screen.write(`${values.json ? JSON.stringify(all, null, 2) : text}\n`);
    return healthy ? exits.done : exits.differs;
  });
}

/** How long a service that has stopped may take to end by itself, milliseconds. */
const lingerMs = 1_000;

async function serve(): Promise<number> {
  const settings = readSettings();
  const log = makeLogger(settings.logLevel, settings.secrets);
  const service = await startService(settings, log, { standing: true });
  const signal = await new Promise<string>((stop) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop(name));
  });
  log.info({ signal }, 'stopping');
  await service.stop();
  // What was let go, such as a query that nobody answers, keeps no process.
  setTimeout(() => process.exit(), lingerMs).unref();
  return exits.done;
}

async function remediations({ account, outcome, json }: Values, screen: Screen): Promise<number> {
  if (account && account.length > 1)
    throw new PortcullisError('invalid-request', 'remediations takes one --account');
  return withClient(async (client) => {
    const { remediations: found } = await client.remediations({ account: account?.[0], outcome });
    screen.write(`${json ? JSON.stringify(found, null, 2) : renderRemediations(found)}\n`);
    return exits.done;
  });
}

const exceptions = ({ json }: Values, screen: Screen): Promise<number> =>
  withClient(async (client) => show(screen, json, await client.exceptions(), renderExceptions));

async function endException(_: Values, screen: Screen, name: string): Promise<number> {
  return withClient(async (client) => {
    const { exception, run } = await client.endException(name);
    screen.write(`${exception.name} ended; the hub is updated without it\n`);
    return ended(client, run.id, screen);
  });
}

const confirmations = ({ json }: Values, screen: Screen): Promise<number> =>
  withClient(async (client) => show(screen, json, await client.confirmations(), renderConfirmations));

/** The set is shown before it is answered: its digest goes with the answer, so that no other set is answered. */
async function answer(word: 'confirm' | 'refuse', screen: Screen, id: string): Promise<number> {
  return withClient(async (client) => {
    const asked = (await client.confirmations()).find((each) => each.id === id);
    if (!asked)
      throw new PortcullisError('not-found', `confirmation ${id} does not exist; portcullis confirmations`);
    screen.write(`${renderConfirmation(asked)}\n`);
    const { state } = await client.answer(word, id, asked.digest);
    screen.write(`${state}\n`);
    return exits.done;
  });
}

async function restoreCommand(values: Values, screen: Screen, remediation: string): Promise<number> {
  const missing = missingOptions(values);
  if (missing.length > 0) throw new PortcullisError('invalid-request', `restore needs ${missing.join(', ')}`);
  return withClient((client) => restore(client, remediation, values, screen));
}

interface Command {
  /** How many words it takes besides its name. */
  readonly operands: number;
  run(values: Values, screen: Screen, operand: string): Promise<number>;
}

const commands: Readonly<Record<string, Command>> = {
  serve: { operands: 0, run: serve },
  reconcile: { operands: 0, run: (values, screen) => runCommand('reconcile', values, screen) },
  preview: { operands: 0, run: (values, screen) => runCommand('preview', values, screen) },
  verify: { operands: 0, run: verifyCommand },
  runs: { operands: 0, run: runs },
  pause: { operands: 1, run: controlCommand('pause') },
  resume: { operands: 1, run: controlCommand('resume') },
  cancel: { operands: 1, run: controlCommand('cancel') },
  status: { operands: 0, run: status },
  remediations: { operands: 0, run: remediations },
  restore: { operands: 1, run: restoreCommand },
  confirmations: { operands: 0, run: confirmations },
  confirm: { operands: 1, run: (_, screen, id) => answer('confirm', screen, id) },
  refuse: { operands: 1, run: (_, screen, id) => answer('refuse', screen, id) },
  exceptions: { operands: 0, run: exceptions },
  'end-exception': { operands: 1, run: endException },
  'take-over': { operands: 0, run: ({ yes }, screen) => takeOver(yes, screen) },
  'access-template': { operands: 0, run: accessTemplate },
  doctor: { operands: 0, run: doctor },
};

/** Runs one command line; its exit code. Output goes to the screen, errors to `complain`. */
export async function command(
  args: readonly string[],
  screen: Screen,
  complain: (text: string) => void,
): Promise<number> {
  if (args[0] === 'policy') return policyCommand(args.slice(1), screen, complain);
  if (args[0] === 'audit') return auditCommand(args.slice(1), screen, complain);
  let given: ReturnType<typeof readArguments>;
  try {
    given = readArguments(args);
  } catch (error) {
    complain(`${(error as Error).message}\n\n${usage}`);
    return exits.usage;
  }
  const [name = '', ...rest] = given.positionals;
  if (given.values.help) {
    screen.write(`${usage}\n`);
    return exits.done;
  }
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (known?.operands !== rest.length) {
    complain(usage);
    return exits.usage;
  }
  try {
    return await known.run(given.values, screen, rest[0] ?? '');
  } catch (error) {
    if (!(error instanceof PortcullisError)) throw error;
    complain(`portcullis: ${error.message}`);
    return error.code.startsWith('invalid') ? exits.usage : exits.failed;
  }
}
