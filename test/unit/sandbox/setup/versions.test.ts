import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { goMinimum } from '../../../../sandbox/setup/go.mjs';
import { firstMismatch } from '../../../../sandbox/setup/packages.mjs';
import { dropDeadDrafts, firstPulumi, pulumiPin } from '../../../../sandbox/setup/pulumi.mjs';
import { choosePython } from '../../../../sandbox/setup/python.mjs';
import { atLeast, compatible, parseVersion } from '../../../../sandbox/setup/version.mjs';

describe('versions', () => {
  test.each([
    ['v3.259.0', [3, 259, 0], ''],
    ['go1.26', [1, 26, 0], ''],
    ['Python 3.11.7', [3, 11, 7], ''],
    ['3.260.0-alpha.1+dirty', [3, 260, 0], 'alpha.1'],
  ])('%s is read whole', (text, numbers, prerelease) => {
    expect(parseVersion(text)).toEqual({ numbers, prerelease });
  });

  test.each([
    ['3.259.0', true],
    ['v3.270.1', true],
    ['3.1000.0', true],
    ['3.258.9', false],
    ['3.259.0-rc.1', false],
    ['4.0.0', false],
    ['2.300.0', false],
    ['no version', false],
  ])('a Pulumi CLI %s standing in for 3.259.0: %s', (text, expected) => {
    expect(compatible(text, '3.259.0')).toBe(expected);
  });

  test('numbers compare as numbers, and what cannot be read is not enough', () => {
    expect(atLeast('3.9.18', '3.10')).toBe(false);
    expect(atLeast('go1.26.8', '1.25.11')).toBe(true);
    expect(atLeast('', '3.10')).toBe(false);
  });

  test('the Go module requires the very CLI version that set-up looks for', () => {
    const module = readFileSync(`${import.meta.dirname}/../../../../sandbox/setup/pulumi-cli/go.mod`, 'utf8');
    expect(module).toContain(`require github.com/pulumi/pulumi/pkg/v3 v${pulumiPin}\n`);
    expect(goMinimum()).toMatch(/^1\.\d+(\.\d+)?$/);
  });

  test('the language host builds with the Go that builds the CLI', () => {
    const module = readFileSync(`${import.meta.dirname}/../../../../sandbox/setup/node-host/go.mod`, 'utf8');
    expect(module).toContain(`go ${goMinimum()}\n`);
  });
});

describe('the Pulumi CLI', () => {
  const asked: string[] = [];
  const source = (name: string, answer: { path: string; version: string } | string) => ({
    name,
    find: async () => {
      asked.push(name);
      return answer;
    },
  });

  test('comes from the first source that has it, and later ones are not asked', async () => {
    asked.length = 0;
    const cli = { path: '/cache/bin/pulumi', version: '3.259.0' };
    const sources = [
      source('PATH', 'is 3.100.0'),
      source('version cache', cli),
      source('official install', cli),
    ];
    expect(await firstPulumi(sources, () => {})).toEqual({ ...cli, source: 'version cache' });
    expect(asked).toEqual(['PATH', 'version cache']);
  });

  test('half built by a killed set-up is removed, that of a living one and whole versions stay', () => {
    const versions = mkdtempSync(path.join(os.tmpdir(), 'portcullis-versions-'));
    const dead = `3.259.0.draft-${spawnSync('true').pid}-a`;
    const kept = ['3.259.0', `3.259.0.draft-${process.pid}-b`];
    for (const name of [dead, ...kept]) mkdirSync(path.join(versions, name));
    dropDeadDrafts(versions);
    expect(readdirSync(versions).sort()).toEqual(kept);
    rmSync(versions, { recursive: true });
  });

  test('found nowhere: one error with every reason and both fixes', async () => {
    const sources = [
      source('official install', 'ENOTFOUND'),
      source('build from the Go module', 'no Go on PATH'),
    ];
    await expect(firstPulumi(sources, () => {})).rejects.toMatchObject({
      message: expect.stringMatching(
        /official install: ENOTFOUND\n.*build from the Go module: no Go on PATH/,
      ),
      fix: expect.stringMatching(/Install the CLI.*or install Go/),
    });
  });
});

describe('the Python of the sandbox', () => {
  test('without venv or ensurepip the fix names the Debian package', () => {
    const python = { path: '/usr/bin/python3', version: '3.11.2', venv: false };
    expect(() => choosePython([python])).toThrow(
      expect.objectContaining({ fix: expect.stringContaining('apt-get install python3-venv') }),
    );
    expect(choosePython([{ ...python, venv: true }])).toMatchObject({ path: python.path });
  });

  test('none new enough: the message says which version is needed', () => {
    expect(() => choosePython([])).toThrow(/Python 3\.10 or newer/);
  });
});

describe('npm packages', () => {
  const wanted = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0', optional: true },
    },
  };

  test.each([
    [
      'as the lock says',
      { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0' } },
      undefined,
    ],
    ['an optional one of another platform absent', { 'node_modules/a': { version: '1.0.0' } }, undefined],
    ['another version', { 'node_modules/a': { version: '1.0.1' } }, 'node_modules/a'],
    ['one missing', {}, 'node_modules/a'],
    [
      'an optional one in another version',
      { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } },
      'node_modules/b',
    ],
  ])('%s', (_, packages, expected) => {
    expect(firstMismatch(wanted, { packages })).toBe(expected);
  });
});
