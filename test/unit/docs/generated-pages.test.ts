import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { routes } from '../../../controlplane/http/routes/table.ts';
import { variables } from '../../../controlplane/settings/schema.ts';
import { repository, text } from '../../worlds/repository.ts';

const scripts = ['write-settings', 'write-api', 'write-deployer-calls', 'write-schemas'].map(
  (name) => `docs/${name}.ts`,
);

describe('generated pages', () => {
  test.each(scripts)('%s --check finds its files up to date, and npm run check runs it', (script) => {
    const options = { cwd: repository, timeout: 60_000, stdio: 'pipe' } as const;
    expect(() => execFileSync(process.execPath, [script, '--check'], options)).not.toThrow();
    expect(text('sandbox/setup/run.mjs')).toContain(`'${script}'`);
  });

  test('docs/settings.md has a row for every variable, and shows no secret', () => {
    const page = text('docs/settings.md');
    const rows = Object.keys(variables.shape).filter((name) => page.includes(`\n| \`${name}\` |`));
    expect(rows).toEqual(Object.keys(variables.shape));
    expect(page).toMatch(/\| `PORTCULLIS_TOKENS` \|.*\| yes \|/);
  });

  test('docs/api.md has a section for every route, and the fields of its body', () => {
    const page = text('docs/api.md');
    const titles = routes.map(({ method, path }) => `\n### ${method.toUpperCase()} ${path}\n`);
    expect(titles.filter((title) => !page.includes(title))).toEqual([]);
    expect(page).toMatch(
      /### POST \/v1\/reconcile\n[\s\S]*?\| `rollout\.waves` \| list of string \| optional \|/,
    );
    expect(page).toContain('| `limit` | integer from 1 to 1000 | default `100` |');
  });
});
