import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { awsCloud } from '../../../../lambda/aws/cloud.ts';
import { toAsff } from '../../../../lambda/notify/security-hub/finding.ts';
import { type Receiver, startReceiver } from '../../../worlds/http-receiver.ts';
import { remediation } from '../../../worlds/remediation-sample.ts';

let receiver: Receiver;
afterEach(async () => {
  vi.unstubAllEnvs();
  await receiver.stop();
});

const json = { 'content-type': 'application/json' };

/** AWS is a server on this machine that gives one answer. */
async function answering(status: number, body: string, headers: Record<string, string>) {
  receiver = await startReceiver({ status, body, headers });
  vi.stubEnv('AWS_ENDPOINT_URL', receiver.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'FUNCTION');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  return awsCloud('eu-west-1');
}

const session = { accessKeyId: 'MEMBER', secretAccessKey: 's', sessionToken: 't', expiration: new Date() };
const finding = {
  ...{
    ruleId: 'sgr-1',
    protocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    source: '0.0.0.0/0',
    why: 'w',
    message: null,
  },
  ...{ policyRule: 'admin-ports', severity: 'high', action: 'notified' as const, undo: null },
};
const findings = toAsff(remediation({ region: 'eu-central-1', findings: [finding] }), 'aws');

describe('findings', () => {
  it('reach Security Hub whole, in the member account and Region', async () => {
    const cloud = await answering(200, '{"FailedCount":0,"SuccessCount":1,"FailedFindings":[]}', json);
    expect(await cloud.member('eu-central-1', session).importFindings(findings)).toEqual([]);
    expect(receiver.received).toMatchObject([{ path: '/findings/import' }]);
    expect(receiver.received[0]?.headers.authorization).toMatch(
      /Credential=MEMBER\/\d{8}\/eu-central-1\/securityhub\//,
    );
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toEqual(
      JSON.parse(JSON.stringify({ Findings: findings })),
    );
  });

  it('that Security Hub refuses are reported one by one', async () => {
    const refused = { Id: 'x', ErrorCode: 'InvalidInput', ErrorMessage: 'Title' };
    const body = JSON.stringify({ FailedCount: 1, SuccessCount: 0, FailedFindings: [refused] });
    const cloud = await answering(200, body, json);
    expect(await cloud.member('eu-central-1', session).importFindings(findings)).toEqual([refused]);
  });

  it('where Security Hub is off are refused by name', async () => {
    const body =
      '{"Code":"InvalidAccessException","Message":"Account 1 is not subscribed to AWS Security Hub"}';
    const cloud = await answering(401, body, { ...json, 'x-amzn-errortype': 'InvalidAccessException' });
    await expect(cloud.member('eu-central-1', session).importFindings(findings)).rejects.toMatchObject({
      name: 'InvalidAccessException',
    });
  });
});

describe('a service that does not answer', () => {
  it('is waited for twice, two seconds each, and no longer', { timeout: 30_000 }, async () => {
    const cloud = await answering(200, '', json);
    let asked = 0;
    const silent = createServer(() => {
      asked += 1;
    });
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const { port } = silent.address() as AddressInfo;
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`);
    const secret = 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:s';
    await expect(cloud.readSecret(secret)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(asked).toBe(2);
    silent.closeAllConnections();
    silent.close();
  });
});

describe('a message to a topic', () => {
  const message = {
    TopicArn: 'arn:aws:sns:us-east-1:222222222222:t',
    Subject: 's',
    Message: '{}',
    MessageAttributes: { policyRule: { DataType: 'String.Array', StringValue: '["a"]' } },
  };

  it('reaches SNS in the Region of the topic, with the function’s own credentials', async () => {
    const cloud = await answering(
      200,
      '<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>',
      { 'content-type': 'text/xml' },
    );
    await cloud.publish(message);
    const [{ headers, body } = { headers: {}, body: '' }] = receiver.received;
    expect(headers.authorization).toMatch(/Credential=FUNCTION\/\d{8}\/us-east-1\/sns\//);
    expect(Object.fromEntries(new URLSearchParams(body))).toMatchObject({
      Action: 'Publish',
      Message: '{}',
      'MessageAttributes.entry.1.Name': 'policyRule',
      'MessageAttributes.entry.1.Value.StringValue': '["a"]',
    });
  });
});

describe('clients', () => {
  const xml = { 'content-type': 'text/xml' };
  const member = (cloud: ReturnType<typeof awsCloud>) => cloud.member('eu-west-1', session);

  it('of a member are the same for its session and Region, and others for another session or Region', async () => {
    const cloud = await answering(200, '', json);
    const known = cloud.member('eu-central-1', session);
    expect(cloud.member('eu-central-1', session)).toBe(known);
    expect(cloud.member('eu-west-1', session)).not.toBe(known);
    expect(cloud.member('eu-central-1', { ...session })).not.toBe(known);
  });

  it.each<[string, Record<string, string>, string, (cloud: ReturnType<typeof awsCloud>) => Promise<unknown>]>(
    [
      [
        'secrets',
        json,
        '{"SecretString":"s"}',
        (cloud) => cloud.readSecret('arn:aws:secretsmanager:eu-west-1:222222222222:secret:s'),
      ],
      [
        'topics',
        xml,
        '<R><PublishResult/></R>',
        (cloud) => cloud.publish({ TopicArn: 'arn:aws:sns:us-east-1:222222222222:t', Message: '{}' }),
      ],
      ['groups', xml, '<R/>', (cloud) => member(cloud).describeGroups({})],
      ['findings', json, '{"FailedFindings":[]}', (cloud) => member(cloud).importFindings(findings)],
    ],
  )('for %s are made once: five calls in turn use one connection', async (_, headers, body, call) => {
    const sockets = new Set<unknown>();
    const server = createServer((request, response) => {
      sockets.add(request.socket);
      request.resume().on('end', () => response.writeHead(200, headers).end(body));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const cloud = await answering(200, '', json);
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    for (let left = 5; left > 0; left -= 1) await call(cloud);
    server.closeAllConnections();
    server.close();
    expect(sockets.size).toBe(1);
  });
});
