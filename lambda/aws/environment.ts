import * as z from 'zod';

export interface Environment {
  busArn: string;
  hubRegion: string;
  partition: string;
  remediationRole: string;
  /** The DynamoDB table of the ledger, in the hub. */
  table: string;
  slackSecretArn: string | null;
  topicArn: string | null;
  /** Whether findings are imported into AWS Security Hub, in the account and Region of the group. */
  securityHub: boolean;
}

const schema = z.object({
  PORTCULLIS_BUS_ARN: z
    .string('is not set')
    .regex(/^arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus\/.+$/, 'is not the ARN of an event bus'),
  PORTCULLIS_REMEDIATION_ROLE: z
    .string('is not set')
    .regex(/^[\w+=,.@-]{1,64}$/, 'is not the name of a role'),
  PORTCULLIS_TABLE: z.string('is not set').regex(/^[\w.-]{3,255}$/, 'is not the name of a DynamoDB table'),
  PORTCULLIS_SLACK_SECRET_ARN: z
    .string()
    .regex(/^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+)?$/, 'is not the ARN of a secret')
    .optional(),
  PORTCULLIS_TOPIC_ARN: z
    .string()
    .regex(/^(arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]+)?$/, 'is not the ARN of an SNS topic')
    .optional(),
  PORTCULLIS_SECURITY_HUB: z.enum(['on', 'off'], 'is neither on nor off').default('off'),
});

/**
 * The settings in the process environment; the only reader of it in the Lambda. @throws naming every variable that is
 * missing or wrong, without its value.
 */
export function readEnvironment(variables: Record<string, string | undefined>): Environment {
  const parsed = schema.safeParse(variables);
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new Error(`the environment of the remediation Lambda is wrong: ${mistakes.join('; ')}`);
  }
  const { data } = parsed;
  const [, partition = '', , hubRegion = ''] = data.PORTCULLIS_BUS_ARN.split(':');
  return {
    busArn: data.PORTCULLIS_BUS_ARN,
    hubRegion,
    partition,
    remediationRole: data.PORTCULLIS_REMEDIATION_ROLE,
    table: data.PORTCULLIS_TABLE,
    slackSecretArn: data.PORTCULLIS_SLACK_SECRET_ARN || null,
    topicArn: data.PORTCULLIS_TOPIC_ARN || null,
    securityHub: data.PORTCULLIS_SECURITY_HUB === 'on',
  };
}
