import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { fleet } from '../../../../sandbox/seed/organization.ts';
import { repository } from '../../../worlds/repository.ts';

/** A finding as both sides name it. */
export interface Found {
  readonly account: string;
  readonly region: string;
  readonly group: string;
  readonly rule: string;
  readonly policyRule: string;
  readonly exposure: string;
}

interface Ended {
  readonly exit: number | null;
  readonly output: string;
  readonly errors: string;
}

async function run(
  program: string,
  args: readonly string[],
  given: { env: NodeJS.ProcessEnv; input: string },
): Promise<Ended> {
  const child = spawn(program, args, { cwd: repository, env: given.env });
  child.stdin.end(given.input);
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { exit: await exit, output, errors };
}

const lines = <Line>(output: string): Line[] =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** A line of `portcullis sweep --format jsonl`, as far as it is compared. */
interface SweepLine {
  readonly type: string;
  readonly accountId: string;
  readonly region: string;
  readonly groupId: string;
  readonly ruleId: string;
  readonly policyRule: string;
  readonly exposure: { readonly level: string };
}

const sorted = (found: readonly Found[]) => found.map((each) => JSON.stringify(each)).sort();

/** What the script of another language finds with other calls. */
async function listing(sandbox: Sandbox): Promise<Found[]> {
  const accounts = Object.fromEntries(sandbox.organization.members.map(({ id, regions }) => [id, regions]));
  const python = process.env.PORTCULLIS_PYTHON ?? join(repository, '.portcullis/python/bin/python');
  const { exit, output, errors } = await run(python, [join(import.meta.dirname, 'listing.py')], {
    env: { PATH: process.env.PATH, ...sandbox.environment },
    input: JSON.stringify({ role: 'OrganizationAccountAccessRole', accounts }),
  });
  if (exit !== 0) throw new Error(`listing.py ended with ${exit}: ${errors}`);
  return lines<Found>(output);
}

/** What `portcullis sweep --standalone` finds, with no more than credentials, the access role and a policy. */
async function sweep(sandbox: Sandbox, directory: string): Promise<Found[]> {
  const aws = Object.entries(sandbox.environment).filter(([name]) => name.startsWith('AWS_'));
  const env = {
    ...{ PATH: process.env.PATH, HOME: directory, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
    ...Object.fromEntries(aws),
  };
  const policy = join(import.meta.dirname, 'listing-policy.yaml');
  const args = ['sweep', '--standalone', '--policy', policy, '--format', 'jsonl'];
  const program = ['controlplane/portcullis.mjs', ...args];
  const { exit, output, errors } = await run(process.execPath, program, { env, input: '' });
  if (exit !== 3) throw new Error(`sweep ended with ${exit}, not 3 (findings in a whole sweep): ${errors}`);
  return lines<SweepLine>(output)
    .filter(({ type }) => type === 'finding')
    .map(({ accountId, region, groupId, ruleId, policyRule, exposure }) => ({
      ...{ account: accountId, region, group: groupId, rule: ruleId, policyRule },
      exposure: exposure.level,
    }));
}

/** Both sides on one organization of accounts × Regions × groups, each sorted. */
export async function bothSides(
  accounts: number,
  regions: number,
  groups: number,
): Promise<{ listed: string[]; swept: string[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'sweep-'));
  const sandbox = await startSandbox({ blueprint: fleet(accounts, regions), bulk: { groups, seed: 1 } });
  try {
    const [listed, swept] = [await listing(sandbox), await sweep(sandbox, directory)];
    return { listed: sorted(listed), swept: sorted(swept) };
  } finally {
    await sandbox.stop();
    await rm(directory, { recursive: true });
  }
}

/** The numbers of each policy rule and of each exposure in one side: none of them may be missing. */
export function kinds(side: readonly string[]): ReadonlySet<string> {
  return new Set(
    side.flatMap((line) => {
      const { policyRule, exposure } = JSON.parse(line) as Found;
      return [policyRule, exposure];
    }),
  );
}

export const everyKind = new Set([
  ...['everything-open', 'admin-ports', 'databases', 'world-open', 'icmp'],
  ...['reachable', 'attached', 'unattached'],
]);
