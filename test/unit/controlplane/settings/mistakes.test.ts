import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { readCommandSettings } from '../../../../controlplane/settings/environment.ts';
import { variableGroups, variables } from '../../../../controlplane/settings/schema.ts';
import { aboutOf, defaultOf, typeOf } from '../../../../controlplane/settings/variables/variable.ts';
import { repository, text } from '../../../worlds/repository.ts';
import { messageOf, read, refusal } from './refusal.ts';

describe('mistakes in the environment', () => {
  test('are named all at once, each with what was read and the fix', () => {
    const message = refusal({
      PORTCULLIS_HUB_ACCOUNT: '',
      PULUMI_CONFIG_PASSPHRASE: '',
      PORTCULLIS_PARALLEL: 'many',
      PORTCULLIS_EXCLUDE: '300000000001, prod ,ou-ab12-sandbox1,x',
      PORTCULLIS_HOST: '0.0.0.0',
      PORTCULLIS_POLCY: 'strict.yaml',
    });
    expect(message.split('\n')).toEqual([
      '6 settings are wrong (docs/settings.md):',
      '  PORTCULLIS_HUB_ACCOUNT is missing; set it to a value such as 222222222222',
      '  PORTCULLIS_EXCLUDE must be ids of organizational units (ou-…) or accounts; the value is "prod", "x"',
      '  PORTCULLIS_PARALLEL must be a whole number from 1 to 25; the value is "many"',
      '  PULUMI_CONFIG_PASSPHRASE is missing; set it, or PULUMI_CONFIG_PASSPHRASE_FILE, or PORTCULLIS_SECRETS_PROVIDER to a key such as awskms://alias/portcullis',
      '  PORTCULLIS_TOKENS is missing; without a token the service listens on loopback only, not on 0.0.0.0',
      '  PORTCULLIS_POLCY is not a setting; did you mean PORTCULLIS_POLICY?',
    ]);
  });

  test.each([
    { PORTCULLIS_TOKENS: 'ci:hunter2' },
    { PORTCULLIS_STATE: 'mysql://user:hunter2@host/db' },
    { DATABASE_URL: 'mysql://user:hunter2@host/db' },
    { PORTCULLIS_SLACK_SECRET_ARN: 'https://hooks.slack.com/services/hunter2' },
    { PORTCULLIS_ALARM_TOPIC_ARN: 'xoxb-hunter2-hunter2' },
    { PORTCULLIS_URL: 'user password=hunter2' },
  ] as Record<string, string>[])('never show a secret: %o', (change) => {
    expect(refusal(change)).not.toContain('hunter2');
  });

  test('show a value on one line and cut', () => {
    const message = refusal({ PORTCULLIS_LAYOUT: `a\nb${'c'.repeat(500)}` });
    expect(message).toContain('the value is "a\\nbccc');
    expect(message.split('\n')).toHaveLength(1);
    expect(message.length).toBeLessThan(200);
  });
});

describe('a variable with our prefix that is no setting', () => {
  test.each([
    ['PORTCULLIS_POLCY', 'did you mean PORTCULLIS_POLICY?'],
    ['PORTCULLIS_REGION', 'did you mean PORTCULLIS_REGIONS?'],
    ['PORTCULLIS_LOG_LEVEL', 'did you mean LOG_LEVEL?'],
    ['PORTCULLIS_DATABASE_URL', 'did you mean DATABASE_URL?'],
    ['PORTCULLIS_COMPLETELY_DIFFERENT', 'remove it'],
  ])('%s is refused: %s', (name, fix) => {
    expect(refusal({ [name]: 'x' })).toBe(`${name} is not a setting; ${fix} (docs/settings.md)`);
  });

  test('is refused with its name of today where it was renamed', () => {
    expect(refusal({ PORTCULLIS_SWEEP_MINUTES: '60' })).toBe(
      'PORTCULLIS_SWEEP_MINUTES is PORTCULLIS_RESYNC_MINUTES now; rename it (docs/settings.md)',
    );
  });

  test('is refused by commands that need no other setting, too', () => {
    expect(messageOf(() => readCommandSettings({ PORTCULLIS_POLCY: 'strict.yaml' }))).toContain(
      'did you mean PORTCULLIS_POLICY?',
    );
  });

  test('counts as not set when it is empty; variables of other programs are ignored', () => {
    expect(() => read({ PORTCULLIS_POLCY: '', PORT: '1', PULUMI_X: 'y' })).not.toThrow();
  });
});

describe('service links of Kubernetes', () => {
  const links = {
    PORTCULLIS_SERVICE_HOST: '10.0.0.11',
    PORTCULLIS_SERVICE_PORT: '8420',
    PORTCULLIS_SERVICE_PORT_HTTP: '8420',
    PORTCULLIS_PORT: 'tcp://10.0.0.11:8420',
    PORTCULLIS_PORT_8420_TCP: 'tcp://10.0.0.11:8420',
    PORTCULLIS_PORT_8420_TCP_PROTO: 'tcp',
    PORTCULLIS_PORT_8420_TCP_PORT: '8420',
    PORTCULLIS_PORT_8420_TCP_ADDR: '10.0.0.11',
    PORTCULLIS_POSTGRES_SERVICE_HOST: '10.0.0.12',
    PORTCULLIS_POSTGRES_PORT: 'tcp://10.0.0.12:5432',
    PORTCULLIS_POSTGRES_PORT_5432_TCP_ADDR: '10.0.0.12',
  };

  test('are ignored and listed; the port is the default', () => {
    const settings = read(links);
    expect(settings.port).toBe(8420);
    expect(settings.serviceLinks).toEqual(Object.keys(links));
    expect(() => readCommandSettings(links)).not.toThrow();
  });

  test.each([{ PORTCULLIS_PORT: '9000:tcp' }, { PORTCULLIS_PORT: 'http://10.0.0.11' }])(
    'are not what only resembles one: %o',
    (change) => {
      expect(refusal(change as Record<string, string>)).toContain('PORTCULLIS_PORT must be a whole number');
    },
  );

  test('do not hide a port that was set', () => {
    expect(read({ PORTCULLIS_PORT: '9000' })).toMatchObject({
      port: 9000,
      serviceLinks: [],
    });
  });
});

describe('the schema', () => {
  const all = Object.entries(variables.shape);

  test('names every variable with our prefix that this repository reads from its environment', () => {
    const files = execFileSync('git', ['ls-files', 'controlplane', 'sandbox'], {
      cwd: repository,
      encoding: 'utf8',
    });
    const found = files
      .split('\n')
      .filter((file) => /\.(ts|mjs)$/.test(file))
      .flatMap((file) => [...text(file).matchAll(/(?:process\.env|environment|env|v)\.(PORTCULLIS_\w+)/g)])
      .map(([, name = '']) => name);
    expect(found).toContain('PORTCULLIS_PYTHON');
    expect(found).toContain('PORTCULLIS_POLICY');
    expect(found.filter((name) => !Object.hasOwn(variables.shape, name))).toEqual([]);
  });

  test('is the groups of the reference page, each variable in one', () => {
    const grouped = Object.values(variableGroups).flatMap(Object.keys);
    expect(grouped.toSorted()).toEqual(all.map(([name]) => name).toSorted());
  });

  test.each(all)(
    '%s has a meaning of its own, a type, a default, and an example that it accepts',
    (_, schema) => {
      const { meaning, example } = aboutOf(schema);
      expect(meaning).toMatch(/^\S.*\.$/s);
      expect(all.filter(([, other]) => aboutOf(other).meaning === meaning)).toHaveLength(1);
      expect(schema.safeParse(example)).toMatchObject({ success: true });
      expect([typeOf(schema), defaultOf(schema)]).not.toContain('');
    },
  );

  test('words types and defaults for a reader', () => {
    const {
      PORTCULLIS_PARALLEL: parallel,
      PORTCULLIS_TRAILS: trails,
      PORTCULLIS_EXCLUDE: exclude,
    } = variables.shape;
    expect([typeOf(parallel), defaultOf(parallel)]).toEqual(['whole number from 1 to 25', '`4`']);
    expect([typeOf(trails), defaultOf(trails)]).toEqual(['`report` or `create`', '`report`']);
    expect(typeOf(exclude)).toBe('ids of accounts and organizational units, separated by commas');
    expect(defaultOf(exclude)).toBe('none');
    expect(defaultOf(variables.shape.PORTCULLIS_HUB_ACCOUNT)).toBe('required');
  });
});
