import * as z from 'zod';

/** The function's settings, and what follows from them. */
export interface Environment {
  busArn: string;
  hubRegion: string;
  partition: string;
  remediationRole: string;
  slackSecretArn: string | null;
}

const schema = z.object({
  PORTCULLIS_BUS_ARN: z
    .string('is not set')
    .regex(/^arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus\/.+$/, 'is not the ARN of an event bus'),
  PORTCULLIS_REMEDIATION_ROLE: z
    .string('is not set')
    .regex(/^[\w+=,.@-]{1,64}$/, 'is not the name of a role'),
  PORTCULLIS_SLACK_SECRET_ARN: z
    .string()
    .regex(/^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+)?$/, 'is not the ARN of a secret')
    .optional(),
});

/**
 * The settings in a process environment; nothing else in the Lambda reads it.
 * @throws naming every variable that is missing or wrong, never its value.
 */
export function readEnvironment(variables: Record<string, string | undefined>): Environment {
  const parsed = schema.safeParse(variables);
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new Error(`the environment of the remediation Lambda is wrong: ${mistakes.join('; ')}`);
  }
  const {
    PORTCULLIS_BUS_ARN: busArn,
    PORTCULLIS_REMEDIATION_ROLE,
    PORTCULLIS_SLACK_SECRET_ARN,
  } = parsed.data;
  const [, partition = '', , hubRegion = ''] = busArn.split(':');
  const slackSecretArn = PORTCULLIS_SLACK_SECRET_ARN || null;
  return { busArn, hubRegion, partition, remediationRole: PORTCULLIS_REMEDIATION_ROLE, slackSecretArn };
}
