import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lambdaPermissions, remediationPermissions } from '../../../../programs/policies.ts';

const hub = { partition: 'aws', accountId: '222222222222', region: 'eu-west-1' };
const channels = { organizationId: 'o-1', slackSecretArn: 's', notificationTopicArn: 't' };
const documents = [
  lambdaPermissions(hub, 'b', channels),
  remediationPermissions(hub, { narrowing: true, securityHub: true }),
];
const services: Record<string, string> = { eventbridge: 'events', 'secrets-manager': 'secretsmanager' };
/** Lambda makes these with the function's role: for its log, its failed events and the queue of canaries. */
const ofTheService = [
  ...['logs:CreateLogStream', 'logs:PutLogEvents', 'sqs:SendMessage'],
  ...['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
];

/** The commands of the SDK that a source file imports, as IAM names them. */
const importedBy = (file: string) =>
  [
    ...readFileSync(file, 'utf8').matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([a-z0-9-]+)'/g),
  ].flatMap(([, imported = '', client = '']) =>
    [...imported.matchAll(/(\w+)Command\b/g)].map(([, call]) => `${services[client] ?? client}:${call}`),
  );

it('the roles of the Lambda are permitted the calls that it makes, and no other', () => {
  const called = ['lambda/aws/cloud.ts', 'lambda/ledger/table.ts'].flatMap(importedBy);
  const permitted = documents.flatMap((text) =>
    JSON.parse(text).Statement.flatMap(({ Action }: { Action: string | string[] }) => Action),
  );
  expect([...new Set(permitted)].sort()).toEqual([...new Set([...called, ...ofTheService])].sort());
});
