import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cwd = fileURLToPath(new URL('../../../..', import.meta.url));

/** One command in a process of its own, to its end, with this environment and no other setting. */
export async function run(args: string[], environment: Record<string, string>) {
  const { PATH = '' } = process.env;
  const env = { PATH, ...environment };
  const child = spawn(process.execPath, ['controlplane/main.ts', ...args], { cwd, env });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  const patience = setTimeout(() => child.kill('SIGKILL'), 90_000);
  const exit = await new Promise<number>((ended) => child.once('close', (code) => ended(code ?? -1)));
  clearTimeout(patience);
  return { exit, output, errors };
}

export type Line = Record<string, unknown> & {
  type: string;
  groupId: string;
  exposure: { level: string; why: string };
};

/** A standalone sweep, with its JSON lines. */
export async function runLines(args: string[], environment: Record<string, string>) {
  const sweep = ['sweep', '--standalone', '--format', 'jsonl'];
  const { exit, output, errors } = await run([...sweep, ...args], environment);
  const lines = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
  return { exit, errors, lines, of: (type: string) => lines.filter((line) => line.type === type) };
}
