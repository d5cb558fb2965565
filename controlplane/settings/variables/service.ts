import { z } from 'zod';
import { address, whole } from './forms.ts';
import { variable } from './variable.ts';

/** Where the service listens, who may call it, and which service the commands use. */
export const serviceVariables = {
  PORTCULLIS_HOST: variable(z.string().default('127.0.0.1'), {
    meaning: 'The address that the service listens on.',
    example: '0.0.0.0',
  }),
  PORTCULLIS_PORT: variable(whole(0, 65535).default(8420), {
    meaning: 'The port that the service listens on. `0`: a free port, which the log names.',
    example: '8080',
  }),
  PORTCULLIS_URL: variable(address.optional(), {
    meaning: 'The service that the commands call.',
    example: 'https://portcullis.example.com',
    byDefault: 'the service that runs on the data directory',
  }),
  PORTCULLIS_TOKEN: variable(z.string().optional(), {
    meaning: 'The bearer token that the commands send.',
    example: '0123456789abcdef0123456789abcdef',
    secret: true,
    byDefault: 'the file `token` in the data directory',
  }),
  LOG_LEVEL: variable(
    z
      .enum(
        ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
        'must be trace, debug, info, warn, error or silent',
      )
      .default('info'),
    { meaning: 'The least important level that is logged.', example: 'debug' },
  ),
} as const;

/** Read by others, and listed here because the log must not show them or because their names begin with PORTCULLIS_. */
export const foreignVariables = {
  AWS_SECRET_ACCESS_KEY: variable(z.string().optional(), {
    meaning:
      "Part of the AWS SDK's credentials, as are `AWS_PROFILE`, `AWS_ACCESS_KEY_ID` and `AWS_ENDPOINT_URL`.",
    example: 'a secret access key',
    secret: true,
    byDefault: "the SDK's credential chain",
  }),
  AWS_SESSION_TOKEN: variable(z.string().optional(), {
    meaning: "Part of the AWS SDK's temporary credentials.",
    example: 'a session token',
    secret: true,
    byDefault: "the SDK's credential chain",
  }),
  AWS_REGION: variable(z.string().default('us-east-1'), {
    meaning:
      "The AWS SDK's Region. Only `portcullis sweep --standalone` reads it: it signs in there, so it must be a Region of the partition.",
    example: 'eu-west-1',
  }),
  PORTCULLIS_PYTHON: variable(z.string().optional(), {
    meaning: 'The Python interpreter of the sandbox, with ministack installed. Only the sandbox reads it.',
    example: '/opt/ministack/bin/python',
    byDefault: 'the environment that `npm run setup` makes',
  }),
} as const;
