import { access, constants, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from '../settings/environment.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import type { EngineSettings } from './cli.ts';
import { runCommand } from './command.ts';

/** The version of @pulumi/aws, which the engine asks for exactly. Read as a file: the main thread loads no Pulumi. */
export async function pluginVersion(): Promise<string> {
  const file = fileURLToPath(import.meta.resolve('@pulumi/aws/package.json'));
  return JSON.parse(await readFile(file, 'utf8')).version;
}

const executable = 'pulumi-resource-aws';
/** Milliseconds. The official plugin is a download of some 170 MB. */
const patienceMs = 10 * 60_000;

/** What of the AWS plugin is on this machine, in words; `missing` says what to do. */
export type AwsPlugin =
  | { readonly kind: 'official' | 'chosen' | 'on PATH'; readonly message: string }
  | { readonly kind: 'missing'; readonly message: string };

const isExecutable = (file: string) =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Where the CLI installs it. Source: `workspace.GetPluginDir` and `PluginSpec.Dir` of the CLI. */
function installedPlace(environment: NodeJS.ProcessEnv, version: string): string {
  const home = environment.PULUMI_HOME || join(homedir(), '.pulumi');
  return join(home, 'plugins', `resource-aws-v${version}`);
}

const fixOf = (version: string) =>
  `run \`npm run setup -- --production\` where https://get.pulumi.com and https://github.com are reachable, ` +
  `or \`pulumi plugin install resource aws ${version} --file <archive>\` with a copied archive`;

/** The plugin that the engine would start, in the engine's order. Starts nothing and downloads nothing. */
export async function findAwsPlugin(
  { awsPlugin }: Pick<EngineSettings, 'awsPlugin'>,
  environment: NodeJS.ProcessEnv = childEnvironment({}),
): Promise<AwsPlugin> {
  if (awsPlugin) {
    if (await isExecutable(join(awsPlugin, executable)))
      return {
        kind: 'chosen',
        message: `the plugin in ${awsPlugin} (PORTCULLIS_AWS_PLUGIN), not the official one`,
      };
    const message = `PORTCULLIS_AWS_PLUGIN: ${awsPlugin} has no executable ${executable}; name the directory of a plugin, or leave the variable out to use the official plugin`;
    return { kind: 'missing', message };
  }
  for (const folder of (environment.PATH ?? '').split(delimiter).filter(Boolean)) {
    if (await isExecutable(join(folder, executable)))
      return {
        kind: 'on PATH',
        message: `${join(folder, executable)}, which is on PATH: the engine uses it in any version`,
      };
  }
  const version = await pluginVersion();
  const place = installedPlace(environment, version);
  // The CLI leaves this file beside a plugin that it did not install to the end.
  const partial = await stat(`${place}.partial`).catch(() => undefined);
  if (!partial && (await isExecutable(join(place, executable))))
    return { kind: 'official', message: `the official plugin ${version}, in ${place}` };
  return { kind: 'missing', message: `the official plugin ${version} is not in ${place}: ${fixOf(version)}` };
}

/** Why the CLI could not install it: what its last attempt met, which it prints as a warning, else its error. */
function complaintOf(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : reasonOf(error);
  const lines = text.split('\n').map((line) => line.trim());
  const attempt = lines.findLast((line) => line.includes('Error downloading plugin: '));
  const line = attempt?.replace(/^.*Error downloading plugin: /, '') ?? lines.findLast(Boolean);
  return line ?? reasonOf(error);
}

async function install(version: string): Promise<void> {
  // The main thread loads Pulumi only here.
  const { findCli } = await import('./cli.ts');
  const { command } = await findCli();
  await runCommand(command, ['plugin', 'install', 'resource', 'aws', version, '--non-interactive'], {
    cwd: homedir(),
    environment: { PULUMI_SKIP_UPDATE_CHECK: 'true' },
    signal: AbortSignal.timeout(patienceMs),
    onStart: () => undefined,
  });
}

/**
 * Makes sure, once, that the engine has its plugin: installs the official one where it is missing. Otherwise every
 * stack would fail with the same trace of a download. Concurrent callers share one attempt; a failed one is repeated
 * by the next caller.
 * @throws PortcullisError `invalid-environment` with the reason and the fix
 */
export function awsPluginGate(
  settings: Pick<EngineSettings, 'awsPlugin'>,
  onInstall: (message: string) => void,
): () => Promise<void> {
  let ready: Promise<void> | undefined;
  const require = async () => {
    const found = await findAwsPlugin(settings);
    if (found.kind !== 'missing') return;
    if (settings.awsPlugin) throw new PortcullisError('invalid-environment', found.message);
    const version = await pluginVersion();
    onInstall(`installing the AWS plugin ${version}`);
    await install(version).catch((cause) => {
      const message = `the AWS plugin ${version} cannot be installed (${complaintOf(cause)}): ${fixOf(version)}`;
      throw new PortcullisError('invalid-environment', message, { cause });
    });
  };
  return () => {
    ready ??= require().catch((error) => {
      ready = undefined;
      throw error;
    });
    return ready;
  };
}
