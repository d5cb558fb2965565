import { z } from 'zod';
import { postgresAddress, stateAddress, whole } from './forms.ts';
import { variable } from './variable.ts';

const orElse =
  'required, unless one of `PULUMI_CONFIG_PASSPHRASE`, `PULUMI_CONFIG_PASSPHRASE_FILE` or a key in `PORTCULLIS_SECRETS_PROVIDER` is set';

/** Where records and state are kept, and for how long. docs/state.md and docs/backup.md explain both. */
export const storageVariables = {
  PORTCULLIS_DATA: variable(z.string().default('.portcullis'), {
    meaning: 'The directory for the embedded database, the Pulumi state and work files.',
    example: '/var/lib/portcullis',
  }),
  DATABASE_URL: variable(postgresAddress.optional(), {
    meaning:
      'A Postgres database instead of the embedded one. Required for [several workers](reconcile.md#several-workers).',
    example: 'postgres://portcullis@db.example.com/portcullis',
    secret: true,
    byDefault: 'none: the embedded database',
  }),
  PORTCULLIS_STATE: variable(stateAddress.optional(), {
    meaning:
      'Where the Pulumi state is kept. `s3://` and `postgres://` serve several machines ([state.md](state.md)).',
    example: 's3://portcullis-state?region=eu-west-1',
    secret: true,
    byDefault: '`state/` in the data directory',
  }),
  PORTCULLIS_SECRETS_PROVIDER: variable(z.string().default('passphrase'), {
    meaning:
      'What encrypts secrets in the state: `passphrase`, or a key such as `awskms://alias/portcullis`.',
    example: 'awskms://alias/portcullis',
  }),
  PULUMI_CONFIG_PASSPHRASE: variable(z.string().optional(), {
    meaning: 'The passphrase that encrypts secrets in the state.',
    example: 'a long passphrase',
    secret: true,
    byDefault: orElse,
  }),
  PULUMI_CONFIG_PASSPHRASE_FILE: variable(z.string().optional(), {
    meaning: 'A file that holds the passphrase.',
    example: '/run/secrets/passphrase',
  }),
  PORTCULLIS_AWS_PLUGIN: variable(z.string().optional(), {
    meaning:
      'A directory with a `pulumi-resource-aws` plugin to use instead of the official plugin. The sandbox sets it.',
    example: '/opt/pulumi-resource-aws',
  }),
  PORTCULLIS_AUDIT_RETENTION_DAYS: variable(whole(30, 36_500).optional(), {
    meaning: 'How long the [audit log](audit.md), remediations, ended findings and missed events are kept.',
    example: '400',
    byDefault: 'no limit',
  }),
  PORTCULLIS_RUN_RETENTION_DAYS: variable(whole(1, 36_500).default(90), {
    meaning: 'How long finished runs and lifecycle events are kept.',
    example: '30',
  }),
} as const;
