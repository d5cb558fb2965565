import { z } from 'zod';
import { named } from './variable.ts';

export const accountId = named(
  '12-digit account id',
  z.string().regex(/^\d{12}$/, 'must be a 12-digit account id'),
);

const items = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
  .refine((list) => list.length > 0, 'must name at least one');

/** A list, separated by commas, each item of which the schema accepts. */
export const listOf = <Item extends z.ZodType<unknown, string>>(type: string, item: Item) =>
  named(`${type}, separated by commas`, items.pipe(z.array(item)));

const inRange = (form: RegExp, what: string, least: number, most: number) => {
  const error = `must be a ${what} from ${least} to ${most}`;
  const within = (value: number) => value >= least && value <= most;
  const schema = z.string().regex(form, error).transform(Number).refine(within, { error, abort: true });
  return named(`${what} from ${least} to ${most}`, schema);
};
export const whole = (least: number, most: number) => inRange(/^\d+$/, 'whole number', least, most);
export const minutes = (least: number, most: number) =>
  inRange(/^\d+(\.\d+)?$/, 'number of minutes', least, most);

/** The days that CloudWatch Logs can keep a log. Source: PutRetentionPolicy, CloudWatch Logs API reference. */
const retention = new Set([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]);
export const retentionDays = named(
  `one of ${[...retention].join(', ')}`,
  whole(1, 3653).refine((days) => retention.has(days), `must be one of ${[...retention].join(', ')}`),
);

export const roleArn = named(
  'ARN of a role',
  z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of a role'),
);
export const roleName = named('name of a role', z.string().regex(/^[\w+=,.@-]+$/, 'must be a role name'));
export const externalId = named(
  '2 to 1,224 letters, digits or any of `_+=,.@:/-`',
  z.string().regex(/^[\w+=,.@:/-]{2,1224}$/, 'must be 2 to 1,224 letters, digits or any of _+=,.@:/-'),
);
export const templateUrl = named(
  '`https://` address',
  z.url({ protocol: /^https$/, error: 'must be the https:// address of the template in an S3 bucket' }),
);

export const secretArn = named(
  'ARN of a secret',
  z.string().startsWith('arn:', 'must be the ARN of a secret'),
);
export const topicArn = named('ARN of a topic', z.string().startsWith('arn:', 'must be the ARN of a topic'));
export const standardTopicArn = named(
  'ARN of a standard SNS topic',
  z
    .string()
    .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/, 'must be the ARN of a standard SNS topic'),
);

export const unit = z
  .string()
  .regex(
    /^(ou-[0-9a-z]+-[0-9a-z]+|r-[0-9a-z]+)$/,
    'must be ids of organizational units (ou-…) or the root (r-…)',
  );
export const unitOrAccount = z.union(
  [unit, accountId],
  'must be ids of organizational units (ou-…) or accounts',
);

export const onOrOff = () => z.enum(['on', 'off'], 'must be on or off').default('off');

/** Who belongs to a wave: accounts, organizational units, or a share of the run's accounts; joined by `+`. */
const member = /^(\d{12}|(?:ou|r)-[0-9a-z-]+|(?:100|[1-9]?\d)%)$/;

export const waveSchema = z
  .string()
  .max(16_000)
  .refine(
    (text) => text.split('+').every((part) => member.test(part.trim())),
    'must be account ids, ids of organizational units (ou-…) or a percentage such as 10%, joined by +',
  );

export const stateAddress = named(
  '`file:///<directory>`, `s3://<bucket>`, `postgres://<address>` or `https://api.pulumi.com`',
  z
    .string()
    .regex(
      /^(file:\/\/.|s3:\/\/[^/]|postgres:\/\/|https:\/\/[^/])/,
      'must be file:///<directory>, s3://<bucket>, postgres://<address> or https://api.pulumi.com',
    ),
);
export const postgresAddress = named(
  '`postgres://` address',
  z.string().startsWith('postgres', 'must be a postgres:// address'),
);

export const address = named('address', z.url('must be an address such as https://portcullis.example.com'));
