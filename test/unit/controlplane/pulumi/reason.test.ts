import { expect, test } from 'vitest';
import { commandReason } from '../../../../controlplane/pulumi/operation.ts';

test('a failed command is reported by its error line', () => {
  const error = new Error('code: -2\n stdout: \n stderr: error: incorrect passphrase\n err?: \n');
  expect(commandReason(error)).toBe('incorrect passphrase');
  expect(commandReason(new Error('code: 255\n stdout: working\nerror: no stack named x found\n'))).toBe(
    'no stack named x found',
  );
});

test('an error that is not the output of a command is reported by its first line', () => {
  expect(commandReason(new Error('spawn ENOENT\nmore'))).toBe('spawn ENOENT');
});
