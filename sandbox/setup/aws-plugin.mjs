import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isExecutable, lastLines, runCommand } from './command.mjs';
import { pulumiStep } from './pulumi.mjs';
import { readRepositoryFile, stateDirectory } from './repository.mjs';
import { SetupError } from './setup-error.mjs';
import { stampedValue } from './steps.mjs';

/** The engine asks for the plugin of the version of @pulumi/aws. */
export const awsPluginVersion = JSON.parse(readRepositoryFile('package.json')).dependencies['@pulumi/aws'];

/** Where the CLI keeps it, whole: beside a half-installed one it leaves a file `.partial`. */
export function findAwsPlugin() {
  const home = process.env.PULUMI_HOME || path.join(os.homedir(), '.pulumi');
  const place = path.join(home, 'plugins', `resource-aws-v${awsPluginVersion}`);
  const file = path.join(place, 'pulumi-resource-aws');
  return isExecutable(file) && !existsSync(`${place}.partial`) ? file : undefined;
}

/** The official AWS plugin, for production. The sandbox has a stand-in of its own. */
/** @type {import('./steps.mjs').Step} */
export const awsPluginStep = {
  id: 'aws-plugin',
  name: 'AWS plugin',
  pin: () => awsPluginVersion,
  holds: () => findAwsPlugin() !== undefined,
  async make(progress) {
    if (!findAwsPlugin()) await install(progress);
    const file = findAwsPlugin();
    if (!file) throw new SetupError('The CLI installed an AWS plugin that is not there.', 'Report this.');
    return { path: file, summary: `AWS plugin ${awsPluginVersion}` };
  },
};

/**
 * What the CLI's last attempt met. It prints a warning for each of its attempts, and its own error has no reason.
 * @param {import('./command.mjs').CommandResult} result
 */
export function downloadFailure(result) {
  if (result.code === 124) return lastLines(result);
  const attempts = [...result.output.matchAll(/Error downloading plugin: (.+)$/gm)];
  return attempts.at(-1)?.[1]?.trim() ?? lastLines(result);
}

/** @param {(text: string) => void} progress */
async function install(progress) {
  const cli = stampedValue(pulumiStep, stateDirectory)?.path ?? 'pulumi';
  progress(`downloading ${awsPluginVersion} (about 170 MB)`);
  const result = await runCommand(cli, ['plugin', 'install', 'resource', 'aws', awsPluginVersion], {
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: 'true' },
    timeoutMs: 15 * 60_000,
  });
  if (result.code === 0) return;
  throw new SetupError(
    `The AWS plugin ${awsPluginVersion} cannot be installed: ${downloadFailure(result)}`,
    'Allow https://get.pulumi.com and https://github.com, set PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES to a mirror, or copy the archive and run `pulumi plugin install resource aws ' +
      `${awsPluginVersion} --file <archive>\`.`,
  );
}
