import { z } from 'zod';
import { minutes, onOrOff, secretArn, standardTopicArn, topicArn, whole } from './forms.ts';
import { variable } from './variable.ts';

/** What is remediated, who is notified, and how coverage is verified. */
export const remediationVariables = {
  PORTCULLIS_POLICY: variable(z.string().default('lambda/policy.yaml'), {
    meaning:
      'The policy file. An edit reaches the hub within seconds, unless it [lowers the mode](policy.md#lowering-the-mode).',
    example: '/etc/portcullis/policy.yaml',
  }),
  PORTCULLIS_NARROWING: variable(onOrOff(), {
    meaning:
      '`on`: the remediation role may also authorize ingress. Policy rules with `narrowTo` need it ([policy.md](policy.md)).',
    example: 'on',
  }),
  PORTCULLIS_SLACK_SECRET_ARN: variable(secretArn.optional(), {
    meaning:
      'A Secrets Manager secret in the hub account: a webhook address, or `{"token": "xoxb-…", "channel": "C…"}` of a Slack app, which posts one thread for each group.',
    example: 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack-AbCdEf',
    byDefault: 'none: no Slack messages',
  }),
  PORTCULLIS_NOTIFICATION_TOPIC_ARN: variable(standardTopicArn.optional(), {
    meaning:
      'An SNS topic for results. Message attributes to filter by: `detailType`, `outcome`, `account`, `region`, `severity`, `policyRule`. If a customer managed key encrypts the topic, topic and key must be in the hub account, and the key policy must allow `portcullis-lambda` to use `kms:GenerateDataKey*` and `kms:Decrypt`.',
    example: 'arn:aws:sns:eu-west-1:222222222222:portcullis-results',
  }),
  PORTCULLIS_ALARM_TOPIC_ARN: variable(topicArn.optional(), {
    meaning:
      "An SNS topic for the hub's alarms: dead letters, and the Lambda's errors, throttles and waiting events.",
    example: 'arn:aws:sns:eu-west-1:222222222222:alarms',
  }),
  PORTCULLIS_SECURITY_HUB: variable(onOrOff(), {
    meaning:
      '`on`: findings are imported into AWS Security Hub in the account and Region of the group, where Security Hub is enabled.',
    example: 'on',
  }),
  PORTCULLIS_SWEEP_HOURS: variable(whole(0, 8760).default(24), {
    meaning: 'Each cell is swept once in this many hours, spread over the period. `0`: only on request.',
    example: '168',
  }),
  PORTCULLIS_SWEEP_PARALLEL: variable(whole(1, 200).default(32), {
    meaning: 'How many cells this worker sweeps at once.',
    example: '64',
  }),
  PORTCULLIS_CANARY: variable(z.enum(['group', 'synthetic'], 'must be group or synthetic').default('group'), {
    meaning:
      '`group`: the canary is a real rule in an unused security group. `synthetic`: the canary is an event ([verify.md](verify.md)).',
    example: 'synthetic',
  }),
  PORTCULLIS_VERIFY_HOURS: variable(whole(0, 8760).default(24), {
    meaning: 'Each cell is verified once in this many hours. `0`: only on request.',
    example: '168',
  }),
  PORTCULLIS_VERIFY_WAIT_MINUTES: variable(minutes(0.1, 60).default(15), {
    meaning: 'How long the control plane waits for the result of a canary.',
    example: '10',
  }),
  PORTCULLIS_VERIFY_PARALLEL: variable(whole(1, 500).default(25), {
    meaning: 'How many cells are verified at once.',
    example: '50',
  }),
} as const;
