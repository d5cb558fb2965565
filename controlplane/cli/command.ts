import { parseArgs } from 'node:util';
import { dataOwner } from '../data-lock.ts';
import { readSettings, type Settings } from '../environment.ts';
import { PortcullisError } from '../errors.ts';
import { makeLogger } from '../log.ts';
import { startService } from '../service.ts';
import { type Client, httpClient, type RunWithStacks } from './client.ts';
import { policyCommand } from './policy.ts';
import { progressView, type Screen } from './progress.ts';
import { renderStatus } from './status.ts';

export const usage = `portcullis serve                       run the control plane
portcullis reconcile [scope]           make the organization, or a part of it, as declared
portcullis preview [scope]             name what would change and what drifted; changes nothing
portcullis status [--json]             accounts, stacks, trails and drift, with reasons
portcullis policy test|explain|diff    what a policy does and what a change of it would; see policy --help

scope: --account <id>  --ou <ou-id>  --region <region>   (each may be given several times)
       --only-changed  leave alone what is ready at the wanted generation
exit:  0 done, nothing wanting   1 failed   2 wrong use or environment   3 preview: differences, status: not all well`;

export const exits = { done: 0, failed: 1, usage: 2, differs: 3 } as const;

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
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
}

/** Uses the service that is named or running on this data directory; else one of its own while the work lasts. */
async function withClient<T>(settings: Settings, work: (client: Client) => Promise<T>): Promise<T> {
  const token = settings.token ?? settings.tokens[0]?.token;
  const running = settings.url ?? (await dataOwner(settings.data))?.url;
  if (running) return work(httpClient(running, token));
  const log = makeLogger(settings.logLevel === 'info' ? 'warn' : settings.logLevel);
  const own = await startService({ ...settings, host: '127.0.0.1', port: 0 }, log, { standing: false });
  try {
    return await work(httpClient(own.url, token));
  } finally {
    await own.stop();
  }
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
  return withClient(readSettings(), async (client) => {
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
  return withClient(readSettings(), async (client) => {
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
  const [name, ...rest] = given.positionals;
  if (given.values.help) {
    screen.write(`${usage}\n`);
    return exits.done;
  }
  try {
    if (rest.length === 0 && name === 'serve') return await serve();
    if (rest.length === 0 && (name === 'reconcile' || name === 'preview'))
      return await runCommand(name, given.values, screen);
    if (rest.length === 0 && name === 'status') return await status(given.values, screen);
    complain(usage);
    return exits.usage;
  } catch (error) {
    if (!(error instanceof PortcullisError)) throw error;
    complain(`portcullis: ${error.message}`);
    return error.code.startsWith('invalid') ? exits.usage : exits.failed;
  }
}
