import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  LocalWorkspace,
  type OutputMap,
  type ProjectSettings,
  PulumiCommand,
  type PulumiFn,
  Stack,
  type UpResult,
} from '@pulumi/pulumi/automation/index.js';
import { buildProvider } from '../../../../sandbox/provider/build.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';

/** The real engine with the stand-in provider, on a sandbox without an organization. */
export interface Engine {
  sandbox: Sandbox;
  /** Holds the state below `state/`. */
  directory: string;
  stack(name: string, program: PulumiFn): Promise<EngineStack>;
  stop(): Promise<void>;
}

/** A stack each of whose operations is one process of the CLI. */
export type EngineStack = Stack & { readOutputs(): Promise<OutputMap> };

/** Without the processes that select the stack, and read its outputs and its history, around each operation. */
async function leanStack(name: string, workspace: LocalWorkspace): Promise<EngineStack> {
  const selectStack = workspace.selectStack.bind(workspace);
  Object.assign(workspace, { selectStack: async () => undefined });
  const stack = await Stack.select(name, workspace);
  Object.assign(workspace, { selectStack });
  const [up, outputs] = [stack.up.bind(stack), stack.outputs.bind(stack)];
  return Object.assign(stack, {
    readOutputs: outputs,
    outputs: async () => ({}),
    info: async () => undefined,
    async up(options: Parameters<Stack['up']>[0] = {}): Promise<UpResult> {
      let resourceChanges: UpResult['summary']['resourceChanges'];
      const done = await up({
        ...options,
        onEvent({ summaryEvent }) {
          if (summaryEvent) resourceChanges = summaryEvent.resourceChanges;
        },
      });
      return { ...done, summary: { ...done.summary, resourceChanges } as UpResult['summary'] };
    },
  });
}

/** Starts an engine whose credentials are the account's root user. */
export async function startEngine(accountId: string): Promise<Engine> {
  const cli = join(homedir(), '.pulumi/versions/3.259.0');
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-provider-'));
  mkdirSync(join(directory, 'state'));
  const command = await PulumiCommand.get(existsSync(cli) ? { root: cli } : {});
  const plugin = await buildProvider();
  const sandbox = await startSandbox({ seed: false });
  const made = new Set<string>();
  const stack = async (name: string, program: PulumiFn): Promise<EngineStack> => {
    const workDir = join(directory, name);
    mkdirSync(workDir, { recursive: true });
    // `plugins` is in Pulumi's project schema, and missing from its TypeScript type
    const projectSettings: ProjectSettings & Record<'plugins', object> = {
      name: 'provider',
      runtime: 'nodejs',
      backend: { url: `file://${join(directory, 'state')}` },
      plugins: { providers: [{ name: 'aws', path: plugin }] },
    };
    const workspace = await LocalWorkspace.create({
      workDir,
      pulumiCommand: command,
      projectSettings,
      program,
      envVars: {
        AWS_ENDPOINT_URL: sandbox.endpoint,
        AWS_ACCESS_KEY_ID: accountId,
        AWS_SECRET_ACCESS_KEY: 'test',
        PULUMI_CONFIG_PASSPHRASE: 'test',
        PULUMI_SKIP_UPDATE_CHECK: 'true',
        PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: 'true',
        PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: 'true',
      },
    });
    if (!made.has(name)) await workspace.createStack(name);
    made.add(name);
    return leanStack(name, workspace);
  };
  const stop = async (): Promise<void> => {
    await sandbox.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  return { sandbox, directory, stack, stop };
}

/** What an update would do, as `operation name property,property`, sorted. */
export async function steps(stack: Stack, refresh: boolean): Promise<string[]> {
  const found: string[] = [];
  await stack.preview({
    refresh,
    onEvent({ resourcePreEvent }) {
      const step = resourcePreEvent?.metadata;
      if (!step || ['same', 'refresh', 'read'].includes(step.op) || step.type.startsWith('pulumi:')) return;
      found.push(
        `${step.op} ${step.urn.split('::').pop()} ${Object.keys(step.detailedDiff ?? {}).sort()}`.trim(),
      );
    },
  });
  return [...new Set(found)].sort();
}
