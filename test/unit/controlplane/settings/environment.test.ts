import { describe, expect, test } from 'vitest';
import { readSweepSettings } from '../../../../controlplane/settings/environment.ts';
import { read, refusal } from './refusal.ts';

describe('settings from the environment', () => {
  test('three variables are enough, the rest has defaults', () => {
    expect(read()).toMatchObject({
      hub: { accountId: '222222222222', region: 'eu-west-1' },
      regions: undefined,
      layout: 'region',
      accessRole: 'OrganizationAccountAccessRole',
      host: '127.0.0.1',
      tokens: [],
      secretsProvider: 'passphrase',
      logRetentionDays: 90,
      auditRetentionDays: undefined,
      runRetentionDays: 90,
      databaseUrl: undefined,
      notificationTopicArn: undefined,
      securityHub: false,
      narrowing: false,
    });
  });

  test.each([
    { PORTCULLIS_HUB_ACCOUNT: '12345' },
    { PORTCULLIS_HUB_ACCOUNT: '' },
    { PORTCULLIS_HUB_REGION: '' },
    { PORTCULLIS_REGIONS: ' , ' },
    { PORTCULLIS_LAYOUT: 'flat' },
    { PORTCULLIS_ACCESS_ROLE: 'a role' },
    { PORTCULLIS_EXTERNAL_ID: 'a b' },
    { PORTCULLIS_EXTERNAL_ID: 'x' },
    { PORTCULLIS_DEPLOYER_ROLE_ARN: 'portcullis-deployer' },
    { PORTCULLIS_DEPLOYER_ROLE_ARN: 'arn:aws:iam::222222222222:user/x' },
    { PORTCULLIS_ORGANIZATIONS_ROLE_ARN: 'arn:aws:iam::1:role/x' },
    { PORTCULLIS_TEMPLATE_URL: 's3://bucket/access-role.yaml' },
    { PORTCULLIS_TEMPLATE_URL: 'http://bucket.s3.amazonaws.com/access-role.yaml' },
    { PORTCULLIS_SLACK_SECRET_ARN: 'https://hooks.slack.com/x' },
    { PORTCULLIS_ALARM_TOPIC_ARN: 'pager' },
    { PORTCULLIS_NOTIFICATION_TOPIC_ARN: 'people' },
    { PORTCULLIS_NOTIFICATION_TOPIC_ARN: 'arn:aws:sqs:eu-west-1:222222222222:people' },
    { PORTCULLIS_NOTIFICATION_TOPIC_ARN: 'arn:aws:sns:eu-west-1:222222222222:people.fifo' },
    { PORTCULLIS_NOTIFICATION_TOPIC_ARN: 'arn:aws:sns:eu-west-1:222222222222:people:subscription' },
    { PORTCULLIS_SECURITY_HUB: 'true' },
    { PORTCULLIS_NARROWING: 'ON' },
    { PORTCULLIS_LOG_RETENTION_DAYS: '0' },
    { PORTCULLIS_LOG_RETENTION_DAYS: '91' },
    { PORTCULLIS_LOG_RETENTION_DAYS: '-1' },
    { PORTCULLIS_AUDIT_RETENTION_DAYS: '29' },
    { PORTCULLIS_RUN_RETENTION_DAYS: '0' },
    { PORTCULLIS_PARALLEL: '26' },
    { PORTCULLIS_RESYNC_MINUTES: '0' },
    { PORTCULLIS_SWEEP_HOURS: '-1' },
    { PORTCULLIS_SWEEP_HOURS: '8761' },
    { PORTCULLIS_SWEEP_PARALLEL: '0' },
    { PORTCULLIS_PORT: '65536' },
    { PORTCULLIS_TOKENS: 'short:admin:abc' },
    { PORTCULLIS_TOKENS: 'abcdefghijklmnopqrstuvwxyz' },
    { PORTCULLIS_TOKENS: ',' },
    { PORTCULLIS_URL: 'not a url' },
    { DATABASE_URL: 'mysql://localhost/x' },
    { LOG_LEVEL: 'loud' },
  ] as Record<string, string>[])('%o is refused by one message that names it', (change) => {
    const [name = ''] = Object.keys(change);
    const message = refusal(change);
    expect(message.startsWith(`${name} `)).toBe(true);
    expect(message.match(/PORTCULLIS_|DATABASE_URL|LOG_LEVEL/g)).toHaveLength(1);
  });

  test('what is off unless switched on is switched on by on, and said to take on or off', () => {
    const settings = read({ PORTCULLIS_SECURITY_HUB: 'on', PORTCULLIS_NARROWING: 'on' });
    expect(settings).toMatchObject({ securityHub: true, narrowing: true });
    expect(read({ PORTCULLIS_NARROWING: 'off' }).narrowing).toBe(false);
    expect(refusal({ PORTCULLIS_NARROWING: 'yes' })).toContain('PORTCULLIS_NARROWING must be on or off');
  });

  test('sweeps are once in 24 hours, once in the hours that are given, or on request alone', () => {
    const hours = (change = {}) => read(change).sweepHours;
    expect([
      hours(),
      hours({ PORTCULLIS_SWEEP_HOURS: '168' }),
      hours({ PORTCULLIS_SWEEP_HOURS: '0' }),
    ]).toEqual([24, 168, 0]);
  });

  test.each(['aws', 'aws-us-gov', 'aws-cn'])('a standard SNS topic of partition %s is taken', (partition) => {
    const topic = `arn:${partition}:sns:eu-west-1:222222222222:people_and-pagers`;
    const settings = read({ PORTCULLIS_NOTIFICATION_TOPIC_ARN: topic });
    expect(settings.notificationTopicArn).toBe(topic);
    expect(refusal({ PORTCULLIS_NOTIFICATION_TOPIC_ARN: `${topic}.fifo` })).toContain(
      'PORTCULLIS_NOTIFICATION_TOPIC_ARN must be the ARN of a standard SNS topic',
    );
  });

  test.each(['26', '0', '4.5', 'many', '99999999999999999999'])(
    'a number such as %s is refused with its range',
    (value) => {
      expect(refusal({ PORTCULLIS_PARALLEL: value })).toContain(
        'PORTCULLIS_PARALLEL must be a whole number from 1 to 25',
      );
    },
  );

  test('the wait of a canary may be a part of a minute', () => {
    const wait = (minutes: string) => read({ PORTCULLIS_VERIFY_WAIT_MINUTES: minutes }).verifyWaitMinutes;
    expect([wait('0.4'), wait('60')]).toEqual([0.4, 60]);
    for (const refused of ['0', '0.09', '60.5', '.5', '1e1', '-1', 'long'])
      expect(refusal({ PORTCULLIS_VERIFY_WAIT_MINUTES: refused })).toContain(
        'PORTCULLIS_VERIFY_WAIT_MINUTES must be a number of minutes from 0.1 to 60',
      );
  });

  test('an empty variable counts as one that is not set', () => {
    const settings = read({
      PORTCULLIS_LAYOUT: '',
      PORTCULLIS_PORT: '',
      DATABASE_URL: '',
    });
    expect(settings).toMatchObject({ layout: 'region', port: 8420, databaseUrl: undefined });
  });

  test('lists are split at commas, spaces left out', () => {
    const { regions } = read({ PORTCULLIS_REGIONS: ' us-east-1 ,eu-west-1,' });
    expect(regions).toEqual(['us-east-1', 'eu-west-1']);
  });

  test('state is a directory of the data unless said otherwise', () => {
    expect(read({ PORTCULLIS_DATA: '/var/lib/portcullis' }).state).toBe('file:///var/lib/portcullis/state');
    expect(read({ PORTCULLIS_STATE: 's3://bucket' }).state).toBe('s3://bucket');
  });

  test.each([
    'file:///var/state',
    's3://bucket?region=eu-west-1',
    'postgres://host/db',
    'https://api.pulumi.com',
  ])('%s is a place for state', (state) => {
    expect(read({ PORTCULLIS_STATE: state }).state).toBe(state);
  });

  test.each(['/var/state', 's3://', 'mysql://user:hunter2@host/db'])(
    '%s is none, and is not repeated',
    (state) => {
      const reading = () => read({ PORTCULLIS_STATE: state });
      expect(reading).toThrow(/^PORTCULLIS_STATE must be file:.*s3:.*postgres:.*https:/);
      expect(reading).not.toThrow(/hunter2/);
    },
  );
});

describe('bearer tokens', () => {
  const tokens = 'ci:viewer:0123456789abcdef,ops:admin:fedcba:9876543210';

  test.each(['0.0.0.0', '::', '10.0.0.1', 'portcullis.example.com', '127.0.0.1.example.com'])(
    'none means that %s is refused',
    (host) => {
      expect(refusal({ PORTCULLIS_HOST: host })).toMatch(/^PORTCULLIS_TOKENS is missing.*loopback/);
    },
  );

  test.each(['127.0.0.1', '::1', 'localhost'])('none is enough on %s', (host) => {
    expect(read({ PORTCULLIS_HOST: host }).host).toBe(host);
  });

  test('one opens every address', () => {
    expect(read({ PORTCULLIS_HOST: '0.0.0.0', PORTCULLIS_TOKENS: tokens }).host).toBe('0.0.0.0');
  });
});

describe('the key of secrets in the state', () => {
  test.each([
    { PULUMI_CONFIG_PASSPHRASE_FILE: '/run/secrets/passphrase' },
    { PORTCULLIS_SECRETS_PROVIDER: 'awskms://alias/portcullis' },
  ])('%o takes its place', (instead) => {
    expect(() => read({ PULUMI_CONFIG_PASSPHRASE: '', ...instead })).not.toThrow();
  });
});

describe('settings of a sweep without a service', () => {
  test('need no variable, and the shipped policy is used from any directory', () => {
    const settings = readSweepSettings({});
    expect(settings).toMatchObject({ accessRole: 'OrganizationAccountAccessRole', region: 'us-east-1' });
    expect(settings.policyFile).toMatch(/^\/.*\/lambda\/policy\.yaml$/);
  });

  test('ignore what only the service needs', () => {
    const others = {
      PORTCULLIS_HUB_ACCOUNT: 'none',
      PORTCULLIS_PORT: 'none',
      PORTCULLIS_EXTERNAL_ID: 'first-look',
    };
    expect(readSweepSettings(others).externalId).toBe('first-look');
  });

  test('a wrong value and an unknown name are refused together', () => {
    const wrong = { PORTCULLIS_ACCESS_ROLE: 'not a role', PORTCULLIS_EXTERNALID: 'first-look' };
    expect(() => readSweepSettings(wrong)).toThrow(/PORTCULLIS_ACCESS_ROLE[\s\S]*PORTCULLIS_EXTERNALID/);
  });
});
