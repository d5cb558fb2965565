import { expect, test } from 'vitest';
import { readSettings } from '../../../../controlplane/settings/environment.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';

const secrets = {
  PORTCULLIS_TOKENS: 'ops:admin:0123456789abcdefgh,ci:viewer:a:token:with:colons',
  PORTCULLIS_TOKEN: 'another-token-of-mine',
  PULUMI_CONFIG_PASSPHRASE: 'correct horse battery',
  DATABASE_URL: 'postgres://portcullis:s%26same%20open@db.example/portcullis',
  AWS_SECRET_ACCESS_KEY: 'a secret access key of the environment',
  AWS_SESSION_TOKEN: 'a session token of the environment',
};
const settings = readSettings({
  ...{ PORTCULLIS_HUB_ACCOUNT: '222222222222', PORTCULLIS_HUB_REGION: 'eu-west-1' },
  ...secrets,
});

test('every secret among the settings is known to the log, decoded where it is part of an address', () => {
  expect(settings.secrets).toEqual([
    ...['0123456789abcdefgh', 'a:token:with:colons', 'another-token-of-mine', 'correct horse battery'],
    ...['s&same open', secrets.AWS_SECRET_ACCESS_KEY, secrets.AWS_SESSION_TOKEN],
  ]);
});

test('none of them comes through, wherever a line has it', () => {
  const lines: string[] = [];
  const log = makeLogger('info', settings.secrets, { write: (line) => lines.push(line) });
  for (const secret of [...settings.secrets, encodeURIComponent('s&same open')]) {
    log.info({ harmless: { deep: [`it was ${secret}!`] } }, `and ${secret}`);
  }
  log.info({ settings }, 'all of them');
  const all = [...settings.secrets, encodeURIComponent('s&same open')];
  expect(all.filter((secret) => lines.some((line) => line.includes(secret)))).toEqual([]);
});
