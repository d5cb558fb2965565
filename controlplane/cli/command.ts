import { parseArgs } from 'node:util';
import { readSettings } from '../environment.ts';
import { PortcullisError } from '../errors.ts';
import { makeLogger } from '../log.ts';
import { startService } from '../service.ts';
import type { Client, RunWithStacks } from './client.ts';
import { renderExceptions } from './exceptions.ts';
import { exits } from './exits.ts';
import { policyCommand } from './policy.ts';
import { progressView, type Screen } from './progress.ts';
import { renderRemediations } from './remediations.ts';
import { missingOptions, restore } from './restore.ts';
import { withClient } from './service-client.ts';
import { renderStatus } from './status.ts';

export const usage = `portcullis serve                       run the control plane
portcullis reconcile [scope]           make the organization, or a part of it, as declared
portcullis preview [scope]             name what would change and what drifted; changes nothing
portcullis status [--json]             accounts, stacks, trails and drift, with reasons
portcullis remediations [--account <id>] [--outcome <outcome>] [--json]   what was closed, with ids
portcullis restore <remediation> --owner <who> --why <reason> --ticket <ticket> --expires <time> | --permanent
                   [--rule <sgr-id>]   put back what was closed, with an exception that lets it stay
portcullis exceptions [--json]         what is let through, and until when
portcullis end-exception <name>        end one that a restore made
portcullis policy test|explain|diff    what a policy does and what a change of it would; see policy --help

scope: --account <id>  --ou <ou-id>  --region <region>   (each may be given several times)
       --only-changed  leave alone what is ready at the wanted generation
exit:  0 done, nothing wanting   1 failed   2 wrong use or environment   3 preview: differences, status: not all well`;

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
      outcome: { type: 'string' },
      owner: { type: 'string' },
      why: { type: 'string' },
      ticket: { type: 'string' },
      expires: { type: 'string' },
      permanent: { type: 'boolean', default: false },
      rule: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
}

async function follow(client: Client, id: string, screen: Screen): Promise<RunWithStacks> {
  const view = progressView(screen);
  for (;;) {
    const run = await client.run(id);
    view.show(run);
    if (run.finishedAt) {
      view.end();
      return run;
    }
    await new Promise((done) => setTimeout(done, 500));
  }
}

function summarise(run: RunWithStacks): { text: string; exit: number } {
  const count = (state: string) => run.stacks.filter((stack) => stack.state === state).length;
  const changed = count('succeeded');
  const verb = run.kind === 'preview' ? 'would change' : 'changed';
  const text = `${run.kind} ${run.state}: ${changed} ${verb}, ${count('unchanged')} unchanged, ${count('failed')} failed, ${count('skipped')} skipped${run.message ? ` (${run.message})` : ''}`;
  if (run.state !== 'succeeded') return { text, exit: exits.failed };
  return { text, exit: run.kind === 'preview' && changed > 0 ? exits.differs : exits.done };
}

async function runCommand(kind: 'reconcile' | 'preview', values: Values, screen: Screen): Promise<number> {
  return withClient(async (client) => {
    const { id } = await client.reconcile({
      ...(values.account && { accounts: values.account }),
      ...(values.ou && { organizationalUnits: values.ou }),
      ...(values.region && { regions: values.region }),
      preview: kind === 'preview',
      onlyChanged: values['only-changed'],
    });
    const { text, exit } = summarise(await follow(client, id, screen));
    screen.write(`${text}\n`);
    return exit;
  });
}

async function status(values: Values, screen: Screen): Promise<number> {
  return withClient(async (client) => {
    const [accounts, stacks] = await Promise.all([client.accounts(), client.stacks()]);
    const { text, healthy } = renderStatus(accounts, stacks);
    screen.write(`${values.json ? JSON.stringify({ accounts, stacks }, null, 2) : text}\n`);
    return healthy ? exits.done : exits.differs;
  });
}

async function serve(): Promise<number> {
  const settings = readSettings();
  const log = makeLogger(settings.logLevel);
  const service = await startService(settings, log, { standing: true });
  const signal = await new Promise<string>((stop) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop(name));
  });
  log.info({ signal }, 'stopping');
  await service.stop();
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

async function exceptions({ json }: Values, screen: Screen): Promise<number> {
  return withClient(async (client) => {
    const found = await client.exceptions();
    screen.write(`${json ? JSON.stringify(found, null, 2) : renderExceptions(found)}\n`);
    return exits.done;
  });
}

async function endException(_: Values, screen: Screen, name: string): Promise<number> {
  return withClient(async (client) => {
    const { exception, run } = await client.endException(name);
    screen.write(`${exception.name} ended; the hub is updated without it\n`);
    const { text, exit } = summarise(await follow(client, run.id, screen));
    screen.write(`${text}\n`);
    return exit;
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
  status: { operands: 0, run: status },
  remediations: { operands: 0, run: remediations },
  restore: { operands: 1, run: restoreCommand },
  exceptions: { operands: 0, run: exceptions },
  'end-exception': { operands: 1, run: endException },
};

/** Runs one command line; its exit code. Output goes to the screen, errors to `complain`. */
export async function command(
  args: readonly string[],
  screen: Screen,
  complain: (text: string) => void,
): Promise<number> {
  if (args[0] === 'policy') return policyCommand(args.slice(1), screen, complain);
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
