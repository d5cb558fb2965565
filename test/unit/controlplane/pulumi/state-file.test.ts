import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backendUrl, repairAttributes } from '../../../../controlplane/pulumi/state-file.ts';

describe('the address of the state', () => {
  test.each([
    ['file:///data/state', 'file:///data/state?metadata=skip'],
    ['file://~/state?no_tmp_dir=false', 'file://~/state?no_tmp_dir=false&metadata=skip'],
    ['file:///data/state?metadata=skip', 'file:///data/state?metadata=skip'],
  ])('in files is used without attributes: %s', (given, used) => {
    expect(backendUrl(given)).toBe(used);
  });

  test.each(['s3://bucket?region=eu-west-1', 'postgres://host/state', 'https://api.pulumi.com'])(
    'elsewhere is used as it is: %s',
    (state) => {
      expect(backendUrl(state)).toBe(state);
    },
  );
});

describe('attributes in the state', () => {
  const key = 'region-300000000001-eu-west-1';
  const whole = '{"user.content_type":"text/plain","md5":"SsKryVRJxIYh83a9c/0U4g=="}';
  let root = '';
  const stacks = ['.pulumi', 'stacks', 'portcullis'];
  const locks = ['.pulumi', 'locks', 'organization', 'portcullis', key];
  const write = async (folder: readonly string[], name: string, text: string) => {
    await mkdir(join(root, ...folder), { recursive: true });
    await writeFile(join(root, ...folder, name), text);
  };
  const names = (folder: readonly string[]) => readdir(join(root, ...folder));
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'portcullis-state-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  test.each([
    ['empty', ''],
    ['cut short', whole.slice(0, 20)],
  ])('that are %s are deleted, and the files that they describe stay', async (_, text) => {
    await write(stacks, `${key}.json`, '{}');
    await write(stacks, `${key}.json.attrs`, text);
    await write(locks, 'a.json', '{}');
    await write(locks, 'a.json.attrs', text);
    expect(await repairAttributes(`file://${root}`, key, '/')).toBe(true);
    expect(await names(stacks)).toEqual([`${key}.json`]);
    expect(await names(locks)).toEqual(['a.json']);
    expect(await repairAttributes(`file://${root}`, key, '/')).toBe(false);
  });

  test('that are whole stay, and so do those of other stacks', async () => {
    await write(stacks, `${key}.json.attrs`, whole);
    await write(stacks, `${key}-2.json.attrs`, '');
    expect(await repairAttributes(`file://${root}?no_tmp_dir=true`, key, '/')).toBe(false);
    expect((await names(stacks)).sort()).toEqual([`${key}-2.json.attrs`, `${key}.json.attrs`]);
  });

  test('that cannot be read are left, and said to be so', async () => {
    await mkdir(join(root, ...stacks, `${key}.json.attrs`), { recursive: true });
    await expect(repairAttributes(`file://${root}`, key, '/')).rejects.toThrow(/EISDIR/);
    expect(await names(stacks)).toEqual([`${key}.json.attrs`]);
  });

  test('are found where the address is relative to the work directory of the CLI', async () => {
    await write(stacks, `${key}.json.attrs`, '');
    expect(await repairAttributes('file://./.', key, root)).toBe(true);
  });

  test.each(['s3://bucket', 'postgres://host/state'])('are no matter of a state at %s', async (state) => {
    expect(await repairAttributes(state, key, root)).toBe(false);
  });

  test('of a state that was never used are none', async () => {
    expect(await repairAttributes(`file://${root}/none`, key, '/')).toBe(false);
  });
});
