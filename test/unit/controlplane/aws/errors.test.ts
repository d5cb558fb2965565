import { describe, expect, test } from 'vitest';
import { isDeniedByScp, isTransient } from '../../../../controlplane/aws/errors.ts';

const user = 'User: arn:aws:sts::300000000001:assumed-role/Access/portcullis is not authorized to perform:';
const policy = 'arn:aws:organizations::111111111111:policy/o-a/service_control_policy/p-b';

describe('a denial by a service control policy', () => {
  test.each([
    ['the SDK', `${user} sqs:createqueue with an explicit deny in a service control policy`],
    [
      'the SDK, with the ARN',
      `${user} events:PutRule on resource: arn:aws:events:eu-central-1:3:rule/a with an explicit deny in a service control policy: ${policy}`,
    ],
    [
      'EC2',
      `You are not authorized to perform this operation. ${user} ec2:DescribeSecurityGroups with an explicit deny in a service control policy. Encoded authorization failure message: abc`,
    ],
    [
      'the AWS provider',
      `region-300000000001-eu-central-1: aws:sqs/queue:Queue resource 'q' has a problem: creating SQS Queue (portcullis-forward-dead-letter): operation error SQS: CreateQueue, https response error StatusCode: 403, RequestID: 5e7f, api error AccessDenied: ${user} sqs:createqueue on resource: arn:aws:sqs:eu-central-1:3:q with an explicit deny in a service control policy`,
    ],
    [
      'a text that was wrapped',
      `${user} sqs:createqueue with an explicit deny\n    in a service control policy`,
    ],
  ])('is recognised in the words of %s, and is not transient', (_, message) => {
    expect(isDeniedByScp(message)).toBe(true);
    expect(isTransient(message)).toBe(false);
  });

  test.each([
    `${user} sqs:createqueue because no service control policy allows the sqs:createqueue action`,
    `${user} sqs:createqueue with an explicit deny in an identity-based policy`,
    `${user} sqs:createqueue because no identity-based policy allows the sqs:createqueue action`,
    'AccessDenied: with an explicit deny',
  ])('is no other refusal: %s', (message) => {
    expect(isDeniedByScp(message)).toBe(false);
  });
});
