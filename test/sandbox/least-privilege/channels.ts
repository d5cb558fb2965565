import {
  DeleteItemCommand,
  DeleteTableCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { BatchImportFindingsCommand, GetFindingsCommand } from '@aws-sdk/client-securityhub';
import { PublishCommand, SetTopicAttributesCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { tableKey } from '../../../lambda/ledger/table.ts';
import { names, tableArn } from '../../../programs/names.ts';
import { hub, member, topicArn } from '../../worlds/least-privilege.ts';
import type { Row } from './actions.ts';

const Key = { [tableKey]: { S: 'least-privilege' } };

/** The calls of the ledger, on a table. */
export const remembering = (TableName: string): Row[] => [
  [
    `dynamodb:GetItem on ${TableName}`,
    (as) => as.dynamodb.send(new GetItemCommand({ TableName, Key })),
    tableArn(hub, TableName),
  ],
  [
    `dynamodb:PutItem on ${TableName}`,
    (as) => as.dynamodb.send(new PutItemCommand({ TableName, Item: Key })),
    tableArn(hub, TableName),
  ],
  [
    `dynamodb:UpdateItem on ${TableName}`,
    (as) =>
      as.dynamodb.send(
        new UpdateItemCommand({
          TableName,
          Key,
          UpdateExpression: 'ADD times :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
        }),
      ),
    tableArn(hub, TableName),
  ],
];

/** Calls on the ledger's table that no role may make. */
export const forgetting: Row[] = [
  [
    'dynamodb:DeleteItem',
    (as) => as.dynamodb.send(new DeleteItemCommand({ TableName: names.table, Key })),
    tableArn(hub, names.table),
  ],
  [
    'dynamodb:Scan',
    (as) => as.dynamodb.send(new ScanCommand({ TableName: names.table })),
    tableArn(hub, names.table),
  ],
  [
    'dynamodb:DeleteTable',
    (as) => as.dynamodb.send(new DeleteTableCommand({ TableName: names.table })),
    tableArn(hub, names.table),
  ],
];

export const publishing = (TopicArn: string): Row => [
  `sns:Publish on ${TopicArn.split(':').at(-1)}`,
  (as) => as.sns.send(new PublishCommand({ TopicArn, Message: '{}' })),
  TopicArn,
];

/** Calls on the notification topic that no role may make. */
export const redirecting: Row[] = [
  [
    'sns:Subscribe',
    (as) =>
      as.sns.send(
        new SubscribeCommand({ TopicArn: topicArn, Protocol: 'email', Endpoint: 'more@example.com' }),
      ),
    topicArn,
  ],
  [
    'sns:SetTopicAttributes',
    (as) =>
      as.sns.send(
        new SetTopicAttributesCommand({
          TopicArn: topicArn,
          AttributeName: 'DisplayName',
          AttributeValue: 'x',
        }),
      ),
    topicArn,
  ],
];

/** A finding for the default product of an account in the member's Region. */
export const importing = (accountId: string): Row => [
  `securityhub:BatchImportFindings for ${accountId}`,
  async (as) => {
    const finding = {
      SchemaVersion: '2018-10-08',
      Id: 'least-privilege',
      ProductArn: `arn:aws:securityhub:${hub.region}:${accountId}:product/${accountId}/default`,
      GeneratorId: 'test',
      AwsAccountId: accountId,
      Types: ['Software and Configuration Checks'],
      CreatedAt: '2026-03-02T09:15:05.000Z',
      UpdatedAt: '2026-03-02T09:15:05.000Z',
      Severity: { Label: 'LOW' as const },
      Title: 'test',
      Description: 'test',
      Resources: [{ Type: 'Other', Id: 'test' }],
    };
    const answer = await as.securityHub.send(new BatchImportFindingsCommand({ Findings: [finding] }));
    if (answer.FailedCount !== 0) throw new Error(JSON.stringify(answer.FailedFindings));
  },
  `arn:aws:securityhub:${hub.region}:${accountId}:product/${accountId}/default`,
];

export const findings: Row[] = [
  importing(member.accountId),
  ['securityhub:GetFindings', (as) => as.securityHub.send(new GetFindingsCommand({})), '*'],
];
