import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { languageHost, pulumiCli } from '../setup/pulumi.mjs';
import type { World } from './world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What `pulumi preview --refresh` prints of a stack of the control plane, on its state and with the configuration that
 * it wrote; undefined where this machine lacks the Node language host. @throws with the CLI's output when it fails
 */
export async function plainPreview({ environment }: World, stack: string): Promise<string | undefined> {
  const [cli, host] = await Promise.all([pulumiCli.find(), languageHost.find()]);
  if (typeof cli === 'string' || typeof host === 'string') return undefined;
  const {
    PORTCULLIS_DATA: data = '',
    PORTCULLIS_AWS_PLUGIN: plugin = '',
    PATH: _,
    ...settings
  } = environment;
  const configuration = join(data, 'stacks', `Pulumi.${stack}.yaml`);
  const args = [
    'preview',
    '--stack',
    stack,
    '--config-file',
    configuration,
    '--refresh',
    '--suppress-progress',
  ];
  const { stdout } = await promisify(execFile)('pulumi', [...args, '--non-interactive', '--color', 'never'], {
    cwd: root,
    env: {
      ...process.env,
      ...settings,
      PATH: [dirname(process.execPath), plugin, dirname(cli.path), dirname(host.path), process.env.PATH].join(
        ':',
      ),
      PULUMI_BACKEND_URL: `file://${data}/state`,
      PULUMI_SKIP_UPDATE_CHECK: 'true',
    },
  });
  return stdout;
}
