import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../../../worlds/repository.ts';

const script = path.join(repository, 'sandbox/demo/open-group.ts');

test('open-group names every wrong value, and opens nothing', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, '--port', '80000', '--wait', 'long'], {
    encoding: 'utf8',
    env: { ...process.env, AWS_ENDPOINT_URL: 'https://ec2.amazonaws.com' },
  });
  expect(stderr.trim().split('\n')).toEqual([
    '--port: "80000" is not a port; give a number from 0 to 65535',
    '--wait: "long" is not a number of seconds; give one such as 10',
    expect.stringMatching(/^AWS_ENDPOINT_URL must be the address of a sandbox/),
  ]);
  expect(status).toBe(2);
});
