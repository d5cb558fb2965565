import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { awsClients } from '../../aws/clients.ts';
import { readSweepSettings } from '../../settings/environment.ts';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';
import { readPolicyFile } from '../../settings/policy.ts';
import { type Scope, scopeSchema } from '../../stacks/scope.ts';
import { countsOf, type SweepResult } from '../../sweep/standalone/result.ts';
import { standaloneSweep } from '../../sweep/standalone/sweep.ts';
import { inFlags, oneOf } from '../arguments/values.ts';
import { exits, type Terminal } from '../output/terminal.ts';
import { readPolicy } from '../policy/input.ts';
import { htmlPage } from '../sweep/html.ts';
import { csvLines, jsonLines } from '../sweep/lines.ts';
import { standaloneSweepView } from '../sweep/progress.ts';
import { renderTable } from '../sweep/table.ts';
import type { ScopeValues } from './scope.ts';

export interface SweepValues extends ScopeValues {
  readonly standalone?: boolean;
  readonly wait?: boolean;
  readonly policy?: string;
  readonly format?: string;
  readonly output?: string;
}

const renderers: Readonly<Record<string, (result: SweepResult) => Iterable<string>>> = {
  table: (result) => [renderTable(result)],
  jsonl: jsonLines,
  csv: csvLines,
  html: htmlPage,
};

/** @throws `invalid-request` with every mistake, named by its option */
function scopeOf({ account, ou, region }: ScopeValues): Scope {
  const given = { accounts: account, organizationalUnits: ou, regions: region };
  const parsed = scopeSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(({ path, message }) => inFlags(`${path.join('.')}: ${message}`));
  throw new PortcullisError('invalid-request', mistakes.join('\n'));
}

/** A cell that was not checked outranks what was found elsewhere: the result is incomplete. */
function exitOf(result: SweepResult): number {
  const { open: forbidden, undecided, notChecked } = countsOf(result);
  if (notChecked > 0) return exits.incomplete;
  return forbidden + undecided > 0 ? exits.differs : exits.done;
}

/** Writes the result to a file. Until it is complete, the file keeps its old content. */
async function outputFile(name: string) {
  const partial = `${name}.partial`;
  const file: FileHandle = await open(partial, 'w').catch((error) => {
    throw new PortcullisError('invalid-request', `--output ${name} cannot be written: ${reasonOf(error)}`);
  });
  return {
    async write(parts: Iterable<string>) {
      for (const part of parts) await file.write(part);
      await file.close();
      await rename(partial, name);
    },
    async discard() {
      await file.close();
      await rm(partial, { force: true });
    },
  };
}

async function swept(values: SweepValues): Promise<SweepResult> {
  const { region, policyFile, ...access } = readSweepSettings();
  const policy = values.policy
    ? await readPolicy(values.policy)
    : await readPolicyFile({ policyFile, narrowing: true });
  const scope = scopeOf(values);
  const aws = awsClients({ hub: { accountId: '', region }, ...access });
  const view = standaloneSweepView(process.stderr);
  try {
    return await standaloneSweep({ aws, policy, scope, home: region, onProgress: view.show });
  } finally {
    view.end();
  }
}

/** @throws `invalid-request` for options of a sweep by the service */
function refuseServiceOptions({ json }: Terminal, { wait }: SweepValues): void {
  const given = [...(json ? ['--json'] : []), ...(wait === false ? ['--no-wait'] : [])];
  if (given.length === 0) return;
  const message = `${given.join(' and ')}: not with --standalone; --format jsonl prints JSON lines`;
  throw new PortcullisError('invalid-request', message);
}

/** Reads every account with nothing deployed, evaluates the rules and prints the result. */
export async function sweepStandalone(terminal: Terminal, values: SweepValues): Promise<number> {
  refuseServiceOptions(terminal, values);
  const format = oneOf('--format', Object.keys(renderers), values.format) ?? 'table';
  const render = renderers[format] ?? jsonLines;
  const file = values.output === undefined ? undefined : await outputFile(values.output);
  try {
    const result = await swept(values);
    if (file) await file.write(render(result));
    else for (const part of render(result)) terminal.screen.write(part);
    return exitOf(result);
  } catch (error) {
    await file?.discard();
    throw error;
  }
}
