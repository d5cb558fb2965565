import { cloudTrailRecord } from '../../../../sandbox/cloudtrail/record.ts';
import type { Identity } from '../../../../sandbox/gateway/call.ts';
import { nested } from '../../../../sandbox/gateway/request.ts';

/** An IAM user. */
const user: Identity = {
  accountId: '111122223333',
  arn: 'arn:aws:iam::111122223333:user/user',
  userId: 'AIDAEXAMPLEEXAMPLE000',
  type: 'User',
  userName: 'user',
};

export interface Sample {
  action: string;
  query: string;
  answer?: string;
  status?: number;
  identity?: Identity;
}

/** EC2's answer to a call. */
export const answered = (action: string, inner: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>30f339b8</requestId>${inner}</${action}Response>`;

/** The record of a call that this wire form asks for. */
export function record({ action, query, answer, status = 200, identity = user }: Sample) {
  return cloudTrailRecord({
    action,
    region: 'us-east-1',
    parameters: nested(new URLSearchParams(query)),
    status,
    answer: answer ?? answered(action, '<return>true</return>'),
    identity,
    accessKeyId: 'AKIAEXAMPLEEXAMPLE00',
    userAgent: 'aws-cli/2.17.60',
    sourceAddress: '203.0.113.10',
    host: 'ec2.us-east-1.amazonaws.com',
    eventId: '74bd84b4-6729-4895-b2a4-e2beb7c6b377',
    time: '2023-07-10T12:10:08Z',
  });
}
