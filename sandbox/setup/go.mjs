import path from 'node:path';
import { lastLines, runCommand } from './command.mjs';
import { readRepositoryFile, repository } from './repository.mjs';
import { atLeast } from './version.mjs';

/** @returns {string} the oldest Go that builds the CLI and its language host */
export function goMinimum() {
  return /^go (\S+)$/m.exec(readRepositoryFile('sandbox/setup/pulumi-cli/go.mod'))?.[1] ?? '';
}

/**
 * Builds a program of Pulumi by a module of ours that requires it: its own replace directives make
 * `go install …@version` refuse.
 * @param {{ module: string, program: string, version: string, output: string, minutes: string }} wanted `module` is a
 * folder of this directory
 * @param {(text: string) => void} progress
 * @returns {Promise<string | undefined>} why it cannot be built
 */
export async function goBuild({ module, program, version, output, minutes }, progress) {
  const cwd = path.join(repository, 'sandbox/setup', module);
  const go = await runCommand('go', ['env', 'GOVERSION'], { cwd });
  if (go.code === 127) return 'no Go on PATH';
  if (go.code !== 0 || !atLeast(go.stdout, goMinimum())) {
    return `Go ${goMinimum()} or newer is needed: ${go.output.trim().slice(0, 200)}`;
  }
  const symbol = `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
  const flags = ['-mod=readonly', '-trimpath', '-v', '-ldflags', `-X ${symbol}`, '-o', output];
  let [modules, packages] = [0, 0];
  const result = await runCommand('go', ['build', ...flags, program], {
    cwd,
    timeoutMs: 30 * 60_000,
    onLine: (line) => {
      if (line.startsWith('go: downloading ')) modules += 1;
      else packages += 1;
      progress(`building (${minutes}): ${modules} modules fetched, ${packages} packages compiled`);
    },
  });
  return result.code === 0 ? undefined : `go build failed: ${lastLines(result)}`;
}
