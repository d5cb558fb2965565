import { describe, expect, test } from 'vitest';
import type { Identity } from '../../../../sandbox/gateway/call.ts';
import { record } from './sample.ts';

const authorize = 'AuthorizeSecurityGroupIngress';
const flat = 'GroupId=sg-04cfb7a4712d75b00&IpProtocol=tcp&FromPort=22&ToPort=22&CidrIp=0.0.0.0%2F0';

describe('a call that failed', () => {
  const failed = (code: string) =>
    `<Response><Errors><Error><Code>${code}</Code><Message>why</Message></Error></Errors><RequestID>r-1</RequestID></Response>`;

  test.each([
    ['DryRunOperation', 412, 'Client.DryRunOperation'],
    ['UnauthorizedOperation', 403, 'Client.UnauthorizedOperation'],
    ['InternalError', 500, 'Server.InternalError'],
  ])('with %s has no response elements and says %s as %s', (code, status, errorCode) => {
    const found = record({ action: authorize, query: `${flat}&DryRun=true`, answer: failed(code), status });
    expect(found).toMatchObject({ errorCode, errorMessage: 'why', responseElements: null, requestID: 'r-1' });
    expect(found?.requestParameters).not.toHaveProperty('dryRun');
  });

  test('by its signature has no known caller and no record', () => {
    expect(record({ action: authorize, query: flat, answer: failed('AuthFailure'), status: 401 })).toBeNull();
  });
});

test('an assumed role is named with the role that issued the session', () => {
  const identity: Identity = {
    accountId: '123456789012',
    arn: 'arn:aws:sts::123456789012:assumed-role/admin/me',
    userId: 'AROAEXAMPLE:me',
    type: 'AssumedRole',
    issuer: {
      arn: 'arn:aws:iam::123456789012:role/admin',
      principalId: 'AROAEXAMPLE',
      userName: 'admin',
      createdAt: '2025-06-15T09:52:04Z',
    },
  };
  expect(record({ action: authorize, query: flat, identity })?.userIdentity).toEqual({
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLE:me',
    arn: identity.arn,
    accountId: '123456789012',
    accessKeyId: 'AKIAEXAMPLEEXAMPLE00',
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: 'AROAEXAMPLE',
        arn: 'arn:aws:iam::123456789012:role/admin',
        accountId: '123456789012',
        userName: 'admin',
      },
      attributes: { creationDate: '2025-06-15T09:52:04Z', mfaAuthenticated: 'false' },
    },
  });
});
