import { spawn } from 'node:child_process';
import { text } from '../../worlds/repository.ts';

/** A command of a page with the output that the page shows for it. */
export interface PageStep {
  readonly command: string;
  readonly shown: readonly string[];
}

/** The code blocks of a page in one language, in order. */
export const blocksOf = (page: string, language: string): string[] =>
  [...text(page).matchAll(/```(\w+)\n([\s\S]*?)```/g)].flatMap(([, name, body = '']) =>
    name === language ? [body.trimEnd()] : [],
  );

/** The commands of a page's `console` blocks, which follow a `$`, in order. */
export const stepsOf = (page: string): PageStep[] =>
  blocksOf(page, 'console').flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((each) => {
        const [command = '', ...shown] = each.trimEnd().split('\n');
        return { command, shown: shown.filter((line) => line.trim() !== '') };
      }),
  );

const escaped = (line: string) => line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** A line of the page as a pattern: `…` is any text, and columns may be wider. */
const pattern = (line: string) =>
  new RegExp(`^${escaped(line.trim()).replaceAll('…', '.*').replace(/ +/g, ' *')}$`);

/** The lines of the page that the output lacks, each looked for below the one before. */
export function missingLines(shown: readonly string[], output: string): string[] {
  const lines = output.split('\n').map((line) => line.trim());
  let from = 0;
  return shown
    .filter((line) => line.trim() !== '…')
    .filter((line) => {
      const found = lines.findIndex((each, index) => index >= from && pattern(line).test(each));
      if (found >= 0) from = found + 1;
      return found < 0;
    });
}

/** Runs a command line as a shell does, to its end; its two outputs are joined as they come. */
export async function shell(
  command: string,
  { cwd, environment }: { readonly cwd: string; readonly environment: Readonly<Record<string, string>> },
): Promise<{ exit: number; output: string }> {
  const child = spawn('sh', ['-c', command], { cwd, env: { ...process.env, ...environment } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const exit = await new Promise<number>((ended) => child.once('close', (code) => ended(code ?? -1)));
  return { exit, output };
}
