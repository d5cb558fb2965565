import { expect, test } from 'vitest';
import { downloadFailure } from '../../../../sandbox/setup/aws-plugin.mjs';

const failed = (output: string, code = 255) => downloadFailure({ code, stdout: '', output });
const attempt = (reason: string) =>
  `warning: Error downloading plugin: Get "https://get.pulumi.com/plugin.tar.gz": ${reason}\nWill retry in 80ms [1/5]\n`;
const end = 'error: [resource plugin aws-7.48.0] downloading from : failed all 5 attempts\n';

test('a download that fails at each attempt has the reason of the last one, in one line', () => {
  expect(failed(attempt('no such host') + attempt('connection refused') + end)).toBe(
    'Get "https://get.pulumi.com/plugin.tar.gz": connection refused',
  );
});

test('a failure without a download has the last lines of the CLI', () => {
  expect(failed('installing\nerror: no space left on device\n')).toBe(
    'installing\nerror: no space left on device',
  );
});

test('an installation that takes too long says so', () => {
  expect(failed(attempt('no such host'), 124)).toMatch(
    /no such host\nWill retry.*\n\(stopped: out of time\)$/,
  );
});
