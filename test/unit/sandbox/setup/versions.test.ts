import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { firstMismatch } from '../../../../sandbox/setup/packages.mjs';
import { goMinimum, pulumiPin } from '../../../../sandbox/setup/pulumi.mjs';
import { atLeast, compatible } from '../../../../sandbox/setup/version.mjs';

describe('versions', () => {
  test.each([
    ['3.259.0', true],
    ['v3.270.1', true],
    ['3.1000.0', true],
    ['3.260.0-alpha.1+dirty', true],
    ['3.260', true],
    ['3.258.9', false],
    ['3.259.0-rc.1', false],
    ['4.0.0', false],
    ['2.300.0', false],
    ['no version', false],
  ])('a Pulumi CLI %s standing in for 3.259.0: %s', (text, expected) => {
    expect(compatible(text, '3.259.0')).toBe(expected);
  });

  test.each([
    ['3.9.18', '3.10', false],
    ['Python 3.11.7', '3.10', true],
    ['go1.26.8', '1.25.11', true],
    ['go1.26', '1.26.0', true],
    ['go1.26', '1.26.1', false],
    ['', '3.10', false],
  ])('%j is at least %s: %s', (text, minimum, expected) => {
    expect(atLeast(text, minimum)).toBe(expected);
  });

  const goModule = (folder: string) =>
    readFileSync(`${import.meta.dirname}/../../../../sandbox/setup/${folder}/go.mod`, 'utf8');

  test('the Go module requires the very CLI version that set-up looks for', () => {
    expect(goModule('pulumi-cli')).toContain(`require github.com/pulumi/pulumi/pkg/v3 v${pulumiPin}\n`);
    expect(goMinimum()).toMatch(/^1\.\d+(\.\d+)?$/);
  });

  test('the language host builds with the Go that builds the CLI', () => {
    expect(goModule('node-host')).toContain(`go ${goMinimum()}\n`);
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
