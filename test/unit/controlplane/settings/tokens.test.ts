import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCommandSettings } from '../../../../controlplane/settings/environment.ts';
import { read, refusal } from './refusal.ts';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-tokens-'));
  file = join(directory, 'tokens');
});
afterEach(() => rm(directory, { recursive: true }));

const three = [
  { name: 'ci', role: 'viewer', token: '0123456789abcdef' },
  { name: 'ops', role: 'admin', token: 'fedcba:9876543210' },
  { name: 'prometheus', role: 'metrics', token: '0123456789metrics' },
];
const entries = three.map(({ name, role, token }) => `${name}:${role}:${token}`);

test('a token has a name and a role, and may hold colons', () => {
  expect(read({ PORTCULLIS_TOKENS: ` ${entries.join(' , ')},` }).tokens).toEqual(three);
});

test('tokens of a file are read a line each, comments and empty lines left out', async () => {
  await writeFile(file, `# for the console\n${entries[0]}\r\n\n${entries[1]}\n  ${entries[2]}\n`);
  expect(read({ PORTCULLIS_TOKENS_FILE: file })).toMatchObject({
    tokens: three,
    secrets: expect.arrayContaining(three.map(({ token }) => token)),
  });
  expect(read({ PORTCULLIS_TOKENS_FILE: file, PORTCULLIS_HOST: '0.0.0.0' }).host).toBe('0.0.0.0');
});

describe('a mistake', () => {
  test.each([
    [
      'ci:0123456789abcdef',
      /entry 1 has no role: the form name:token is no longer read; write name:role:token/,
    ],
    ['ci:a:token:with:colons', /entry 1 has no role/],
    ['ci:root:0123456789abcdef', /entry 1 has no role.*metrics, viewer, operator, admin/],
    ['0123456789abcdefghij', /entry 1 has no name/],
    [':viewer:0123456789abcdef', /entry 1 has no name/],
    ['ci:viewer', /entry 1 needs a token of at least 16 characters/],
    ['ci:viewer:0123456789 abcdef', /entry 1 needs a token of at least 16 characters without blanks/],
    [`${entries[0]},ci:admin:${'x'.repeat(16)}`, /two entries of one name/],
    [`${entries[0]},co:admin:0123456789abcdef`, /one token under two names/],
  ])('in %s is refused with the form to write', (text, message) => {
    expect(refusal({ PORTCULLIS_TOKENS: text })).toMatch(message);
  });

  test('is named together with every other, by place and never by content', async () => {
    const wrong = ['ci:hunter2-hunter2-hunter2', entries[0], 'hunter2hunter2hunter2', 'ops:admin:hunter2'];
    await writeFile(file, wrong.join('\n'));
    for (const said of [
      refusal({ PORTCULLIS_TOKENS: wrong.join() }),
      refusal({ PORTCULLIS_TOKENS_FILE: file }),
    ]) {
      expect(said).toMatch(/entry 1 has no role.*entry 3 has no name.*entry 4 needs a token/);
      expect(said).not.toContain('hunter2');
    }
  });

  test('of a file names the variable and what the system says', () => {
    expect(refusal({ PORTCULLIS_TOKENS_FILE: file })).toMatch(
      /^PORTCULLIS_TOKENS_FILE cannot be read: ENOENT/,
    );
  });

  test('of a file is reported together with the other mistakes of the environment', async () => {
    await writeFile(file, 'ci:hunter2hunter2hunter2\nops:admin:hunter2');
    const said = refusal({ PORTCULLIS_TOKENS_FILE: file, PORTCULLIS_PORT: 'x', PORTCULLIS_POLCY: 'p.yaml' });
    expect(said).toMatch(/^3 settings are wrong/);
    expect(said).toMatch(/\n {2}PORTCULLIS_PORT must/);
    expect(said).toMatch(/\n {2}PORTCULLIS_TOKENS_FILE entry 1 has no role.*entry 2 needs a token/);
    expect(said).toMatch(/\n {2}PORTCULLIS_POLCY is not a setting/);
    expect(said).not.toContain('hunter2');
    const lost = refusal({ PORTCULLIS_TOKENS_FILE: join(directory, 'none'), PORTCULLIS_PORT: 'x' });
    expect(lost).toMatch(/^2 settings are wrong[\s\S]*PORTCULLIS_TOKENS_FILE cannot be read: ENOENT/);
  });

  test('of an empty file does not open the service to everyone', async () => {
    await writeFile(file, '# none yet\n');
    expect(refusal({ PORTCULLIS_TOKENS_FILE: file })).toMatch(
      /^PORTCULLIS_TOKENS_FILE must name at least one/,
    );
  });

  test('of both variables is refused', () => {
    const both = { PORTCULLIS_TOKENS: entries.join(), PORTCULLIS_TOKENS_FILE: file };
    expect(refusal(both)).toMatch(/both set; keep one/);
  });
});

test('the commands send PORTCULLIS_TOKEN alone, never a token of the service', () => {
  expect(readCommandSettings({ PORTCULLIS_TOKENS: entries.join() }).token).toBeUndefined();
  expect(readCommandSettings({ PORTCULLIS_TOKEN: 'mine' }).token).toBe('mine');
});

test.each(['https://portcullis.example.com', 'portcullis.example.com:8420', 'a/b', '-x'])(
  'PORTCULLIS_ALLOWED_HOSTS refuses %s and says what a host name is',
  (host) => {
    expect(refusal({ PORTCULLIS_ALLOWED_HOSTS: host })).toMatch(
      /^PORTCULLIS_ALLOWED_HOSTS must be host names by commas, without scheme, port or path/,
    );
  },
);
