import { command } from '../../../../controlplane/cli/command.ts';

/** Runs a command line; its exit code, its output and its complaint. */
export async function cli(...args: string[]) {
  let out = '';
  let complaint = '';
  const exit = await command(args, { write: (text) => (out += text) }, (text) => {
    complaint += text;
  });
  return { exit, out, complaint };
}
