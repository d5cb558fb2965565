import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { outcomes } from '../../../lambda/contract/result.ts';

const file = (name: string) => new URL(`../../../${name}`, import.meta.url);
const read = (name: string) => readFileSync(file(name), 'utf8');

describe('the published schemas', () => {
  it('are those of the events that are sent', () => {
    const check = () =>
      execFileSync(process.execPath, [file('docs/write-schemas.ts').pathname, '--check'], { stdio: 'pipe' });
    expect(check).not.toThrow();
  });

  it.each(['portcullis-remediation', 'portcullis-exception', 'portcullis-coverage'])(
    '%s is JSON Schema draft 4 of a whole event',
    (name) => {
      const schema = JSON.parse(read(`docs/schemas/${name}.json`));
      expect(schema).toMatchObject({
        $schema: 'http://json-schema.org/draft-04/schema#',
        properties: { source: { enum: ['portcullis'] }, detail: { type: 'object' } },
      });
      expect(schema.required).toContain('detail');
    },
  );

  it('have every outcome explained in docs/events.md', () => {
    const page = read('docs/events.md');
    expect(outcomes.filter((outcome) => !page.includes(`\`${outcome}\``))).toEqual([]);
  });
});
