import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { fleet } from '../../sandbox/seed/organization.ts';
import { custodian } from '../../sandbox/setup/python.mjs';
import { ensure } from '../../sandbox/setup/steps.mjs';
import { type Figures, median } from '../figures.ts';
import { custodianOffenders, portcullisOffenders } from './offenders.ts';
import { type Command, peakMemory, timed } from './process-tree.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const role = 'OrganizationAccountAccessRole';
const policyName = 'admin-from-anywhere';

interface Sides {
  readonly custodian: Command;
  readonly portcullis: Command;
  readonly idlePython: Command;
  readonly idleNode: Command;
  readonly outputs: { readonly custodian: string; readonly portcullis: string };
}

/** The accounts of c7n-org, each entered as Portcullis enters it. YAML takes JSON. */
function accountsFile({ organization: { members } }: Sandbox): string {
  const accounts = members.map(({ id, name, regions }) => ({
    ...{ account_id: id, name, regions },
    role: `arn:aws:iam::${id}:role/${role}`,
  }));
  return JSON.stringify({ accounts });
}

/** Both commands with the same credentials, endpoint and role, and what their run times need when they do nothing. */
async function sidesOf(sandbox: Sandbox, program: string, directory: string): Promise<Sides> {
  const accounts = join(directory, 'accounts.yml');
  await writeFile(accounts, accountsFile(sandbox));
  const outputs = { custodian: join(directory, 'custodian'), portcullis: join(directory, 'findings.jsonl') };
  const aws = Object.entries(sandbox.environment).filter(([name]) => name.startsWith('AWS_'));
  const shared = { PATH: process.env.PATH ?? '', HOME: directory, ...Object.fromEntries(aws) };
  const python = join(program, '../python');
  const common = { directory, expected: [0] };
  // Without a cache: the second run would read less than the first.
  const asked = {
    custodian: ['-c', accounts, '-u', file('custodian-policy.yml'), '-s', outputs.custodian],
    portcullis: ['--policy', file('portcullis-policy.yaml'), '--format', 'jsonl'],
  };
  return {
    outputs,
    custodian: {
      ...{ ...common, program, args: ['run', ...asked.custodian, '--cache-period', '0'] },
      env: { ...shared, AWS_DEFAULT_REGION: sandbox.organization.hubRegion },
    },
    portcullis: {
      ...{ directory, program: process.execPath, output: outputs.portcullis, env: shared },
      args: [join(root, 'controlplane/portcullis.mjs'), 'sweep', '--standalone', ...asked.portcullis],
      expected: [3], // it found something, and checked every cell
    },
    idlePython: { ...common, program: python, args: ['-c', 'import time; time.sleep(2)'], env: shared },
    idleNode: {
      ...{ ...common, program: process.execPath },
      ...{ args: ['-e', 'setTimeout(() => undefined, 2000)'], env: shared },
    },
  };
}

async function compareOffenders(sandbox: Sandbox, { outputs }: Sides, figures: Figures): Promise<void> {
  const cells = sandbox.organization.members.flatMap(({ id, name, regions }) =>
    regions.map((region) => ({ accountId: id, name, region })),
  );
  const theirs = await custodianOffenders(outputs.custodian, policyName, cells);
  const { direct, throughList } = await portcullisOffenders(outputs.portcullis);
  const both = [...theirs].filter((group) => direct.has(group)).length;
  const add = (figure: string, value: number, goal?: { atMost: number }) =>
    figures.add(`custodian: ${figure}`, value, 'count', goal);
  add('cells', cells.length);
  add('groups that both found', both);
  add('groups that only Cloud Custodian found', theirs.size - both, { atMost: 0 });
  add('groups that only Portcullis found', direct.size - both, { atMost: 0 });
  add('groups open through a prefix list, which only Portcullis reads', throughList.size);
}

async function compareTimes(sides: Sides, rounds: number, figures: Figures): Promise<void> {
  const times = { custodian: [] as number[], portcullis: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    times.custodian.push(await timed(sides.custodian));
    times.portcullis.push(await timed(sides.portcullis));
  }
  const [theirs, ours] = [median(times.custodian), median(times.portcullis)];
  figures.add('custodian: Cloud Custodian, wall time', theirs, 's');
  figures.add('custodian: Portcullis, wall time', ours, 's');
  figures.add('custodian: wall time, Portcullis / Cloud Custodian', ours / theirs, 'ratio', { atMost: 0.2 });
}

async function compareMemory(sides: Sides, figures: Figures): Promise<void> {
  const [theirs, ours] = [await peakMemory(sides.custodian), await peakMemory(sides.portcullis)];
  const idle = { python: await peakMemory(sides.idlePython), node: await peakMemory(sides.idleNode) };
  const above = { theirs: theirs - idle.python, ours: ours - idle.node };
  figures.add('custodian: Cloud Custodian, most memory', theirs, 'MiB');
  figures.add('custodian: Portcullis, most memory', ours, 'MiB');
  figures.add('custodian: Cloud Custodian, above an idle Python', above.theirs, 'MiB');
  figures.add('custodian: Portcullis, above an idle Node.js', above.ours, 'MiB');
  figures.add(
    'custodian: memory above idle, Portcullis / Cloud Custodian',
    above.ours / above.theirs,
    'ratio',
    {
      atMost: 1 / 3,
    },
  );
}

/**
 * Runs c7n-org and `portcullis sweep --standalone` on one local organization, in turn, and compares what they find and
 * what they take. @throws where /proc is not there, or a command fails
 */
export async function measureCustodian(
  figures: Figures,
  { quick, progress }: { quick: boolean; progress: (line: string) => void },
): Promise<void> {
  if (process.platform !== 'linux') throw new Error('memory is read from /proc, which only Linux has');
  const program = (await ensure([custodian])).get(custodian)?.path ?? '';
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-custodian-'));
  const [accounts, regions, groups] = quick ? [5, 2, 50] : [50, 4, 200];
  progress(`${accounts} accounts, ${regions} Regions, ${groups} security groups in each …`);
  const sandbox = await startSandbox({ blueprint: fleet(accounts, regions), bulk: { groups, seed: 1 } });
  try {
    const sides = await sidesOf(sandbox, program, directory);
    progress('in turn, timed …');
    await compareTimes(sides, quick ? 1 : 3, figures);
    await compareOffenders(sandbox, sides, figures);
    progress('once more each, with their memory sampled …');
    await compareMemory(sides, figures);
  } finally {
    await sandbox.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
