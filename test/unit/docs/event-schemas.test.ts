import { describe, expect, it } from 'vitest';
import { outcomes } from '../../../lambda/contract/result.ts';
import { text } from '../../worlds/repository.ts';

describe('the published schemas', () => {
  it.each(['portcullis-remediation', 'portcullis-exception', 'portcullis-coverage'])(
    '%s is JSON Schema draft 4 of a whole event',
    (name) => {
      const schema = JSON.parse(text(`docs/schemas/${name}.json`));
      expect(schema).toMatchObject({
        $schema: 'http://json-schema.org/draft-04/schema#',
        properties: { source: { enum: ['portcullis'] }, detail: { type: 'object' } },
      });
      expect(schema.required).toContain('detail');
    },
  );

  it('have every outcome explained in docs/events.md', () => {
    const page = text('docs/events.md');
    expect(outcomes.filter((outcome) => !page.includes(`\`${outcome}\``))).toEqual([]);
  });
});
