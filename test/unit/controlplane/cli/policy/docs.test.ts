import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { policyDefinitions } from '../../../../../controlplane/cli/policy-definitions.ts';
import { remediationResultSchema } from '../../../../../lambda/contract/result.ts';
import { serviceOfTests } from '../service.ts';
import { policy, samples } from './cli.ts';

const page = readFileSync('docs/policy.md', 'utf8');
const section = page.slice(page.indexOf('## Trying a policy'));
const results = readFileSync('test/fixtures/policy-commands/remediations.json', 'utf8');

/** Each command line that the section shows, with the output below it. */
const shown = [...section.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [line = '', ...output] = part.trimEnd().split('\n');
      return [line, output] as const;
    }),
);

const service = serviceOfTests();
beforeEach(() => {
  service.other = () => ({ body: results });
});

/** Whether output is as shown: a line with … stands for any, and … at a line's end for the rest of it. */
function fits(output: readonly string[], [wanted, ...rest]: readonly string[]): boolean {
  if (wanted === undefined) return output.length === 0;
  if (wanted === '…') return output.some((_, index) => fits(output.slice(index), rest)) || rest.length === 0;
  const [line, ...following] = output;
  if (line === undefined) return false;
  const same = wanted.endsWith('…') ? line.startsWith(wanted.slice(0, -1).trimEnd()) : line === wanted;
  return same && fits(following, rest);
}

const stable = (line: string) => line.replace(/digest [0-9a-f]{12}/g, 'digest');

describe('docs/policy.md, Trying a policy', () => {
  it('shows each of the three commands', () => {
    const commands = shown.map(([line]) => line.split(' ').slice(0, 3).join(' '));
    expect(new Set(commands)).toEqual(
      new Set(['portcullis policy test', 'portcullis policy explain', 'portcullis policy diff']),
    );
  });

  it.each(shown)('%s prints what is shown', async (line, expected) => {
    const [, , ...args] = line.split(' ');
    const { out, complaint } = await policy(...args);
    expect(complaint).toBe('');
    const output = out.trimEnd().split('\n').map(stable);
    if (!fits(output, expected.map(stable))) expect(output).toEqual(expected.map(stable));
  });

  it('shows the expectations as they are in the file', () => {
    const [, listed = ''] = /^```yaml\n# test\/fixtures.*\n([\s\S]*?)^```$/m.exec(section) ?? [];
    const file = readFileSync(samples.expectations, 'utf8');
    expect(file.replace(/^#.*\n/, '')).toBe(listed);
  });

  it('has every option of the commands, and the commands every option of it', () => {
    const defined = Object.values(policyDefinitions).flatMap(({ options }) =>
      options.map(([flags]) => flags),
    );
    expect(new Set(section.match(/--[a-z][a-z-]+/g))).toEqual(
      new Set(defined.map((flags) => flags.split(' ')[0])),
    );
  });

  it('is tried on a result as the Lambda reports it', () => {
    const { remediations } = JSON.parse(results);
    for (const { result } of remediations) expect(remediationResultSchema.parse(result)).toEqual(result);
  });
});
