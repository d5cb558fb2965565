import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isExecutable, lastLines, runCommand } from './command.mjs';
import { pulumiCli } from './pulumi.mjs';
import { readRepositoryFile } from './repository.mjs';

/** The engine asks for the plugin of the version of @pulumi/aws. */
const version = JSON.parse(readRepositoryFile('package.json')).dependencies['@pulumi/aws'];

/** The official AWS plugin, for production. The sandbox has a stand-in of its own. */
/** @type {import('./steps.mjs').Step} */
export const awsPlugin = {
  name: 'AWS plugin',
  // Where the CLI keeps it; beside a half-installed one it leaves a file `.partial`.
  find() {
    const home = process.env.PULUMI_HOME || path.join(os.homedir(), '.pulumi');
    const folder = path.join(home, 'plugins', `resource-aws-v${version}`);
    const file = path.join(folder, 'pulumi-resource-aws');
    if (isExecutable(file) && !existsSync(`${folder}.partial`)) return { version, path: file };
    return `official ${version} is not in ${folder}; only production needs it: \`npm run setup -- --production\``;
  },
  async make(progress) {
    const cli = await pulumiCli.find();
    if (typeof cli === 'string') return cli;
    progress(`downloading ${version} (about 170 MB)`);
    const result = await runCommand(cli.path, ['plugin', 'install', 'resource', 'aws', version], {
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: 'true' },
      timeoutMs: 15 * 60_000,
    });
    if (result.code === 0) return undefined;
    return `${version} cannot be installed: ${downloadFailure(result)}
Allow https://get.pulumi.com and https://github.com, set PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES to a mirror, or copy the archive and run \`pulumi plugin install resource aws ${version} --file <archive>\`.`;
  },
};

/**
 * The reason of the CLI's last attempt. It prints a warning for each of its attempts, and its own error has no reason.
 * @param {import('./command.mjs').CommandResult} result
 */
export function downloadFailure(result) {
  if (result.code === 124) return lastLines(result);
  const attempts = [...result.output.matchAll(/Error downloading plugin: (.+)$/gm)];
  return attempts.at(-1)?.[1]?.trim() ?? lastLines(result);
}
