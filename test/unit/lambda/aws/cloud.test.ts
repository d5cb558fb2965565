import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { awsCloud, type Cloud } from '../../../../lambda/aws/cloud.ts';
import { toAsff } from '../../../../lambda/notify/security-hub/finding.ts';
import { type Manner, type Receiver, startReceiver } from '../../../worlds/http-receiver.ts';
import { finding, remediation } from '../../../worlds/remediation-sample.ts';

let receiver: Receiver;
afterEach(async () => {
  vi.unstubAllEnvs();
  await receiver.stop();
});

const json = (body: string) => ({ status: 200, body, headers: { 'content-type': 'application/json' } });
const xml = (body: string) => ({ status: 200, body, headers: { 'content-type': 'text/xml' } });
const secret = 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:s';

/** AWS is a server on this machine that gives one answer. */
async function answering(answer: Manner) {
  receiver = await startReceiver(answer);
  vi.stubEnv('AWS_ENDPOINT_URL', receiver.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'FUNCTION');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  return awsCloud('eu-west-1');
}

const session = { accessKeyId: 'MEMBER', secretAccessKey: 's', sessionToken: 't', expiration: new Date() };
const findings = toAsff(remediation({ region: 'eu-central-1', findings: [finding()] }), 'aws');

describe('findings', () => {
  it('reach Security Hub whole, in the member account and Region', async () => {
    const cloud = await answering(json('{"FailedCount":0,"SuccessCount":1,"FailedFindings":[]}'));
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
    const cloud = await answering(json(body));
    expect(await cloud.member('eu-central-1', session).importFindings(findings)).toEqual([refused]);
  });

  it('where Security Hub is off are refused by name', async () => {
    const body =
      '{"Code":"InvalidAccessException","Message":"Account 1 is not subscribed to AWS Security Hub"}';
    const headers = { ...json(body).headers, 'x-amzn-errortype': 'InvalidAccessException' };
    const cloud = await answering({ ...json(body), headers, status: 401 });
    await expect(cloud.member('eu-central-1', session).importFindings(findings)).rejects.toMatchObject({
      name: 'InvalidAccessException',
    });
  });
});

describe('a service that does not answer', () => {
  it('is waited for twice, two seconds each, and no longer', { timeout: 30_000 }, async () => {
    const cloud = await answering('silence');
    await expect(cloud.readSecret(secret)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(receiver.received).toHaveLength(2);
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
    const cloud = await answering(xml('<R><PublishResult><MessageId>1</MessageId></PublishResult></R>'));
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
  const member = (cloud: Cloud) => cloud.member('eu-west-1', session);

  it('of a member are the same for its session and Region, and others for another session or Region', async () => {
    const cloud = await answering(json(''));
    const known = cloud.member('eu-central-1', session);
    expect(cloud.member('eu-central-1', session)).toBe(known);
    expect(cloud.member('eu-west-1', session)).not.toBe(known);
    expect(cloud.member('eu-central-1', { ...session })).not.toBe(known);
  });

  const topic = { TopicArn: 'arn:aws:sns:us-east-1:222222222222:t', Message: '{}' };

  it.each([
    ['secrets', json('{"SecretString":"s"}'), (cloud: Cloud) => cloud.readSecret(secret)],
    ['topics', xml('<R><PublishResult/></R>'), (cloud: Cloud) => cloud.publish(topic)],
    ['groups', xml('<R/>'), (cloud: Cloud) => member(cloud).describeGroups({})],
    ['findings', json('{"FailedFindings":[]}'), (cloud: Cloud) => member(cloud).importFindings(findings)],
  ])('for %s are made once: five calls in turn use one connection', async (_, { body, headers }, call) => {
    const sockets = new Set<unknown>();
    const server = createServer((request, response) => {
      sockets.add(request.socket);
      request.resume().on('end', () => response.writeHead(200, headers).end(body));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const cloud = await answering(json(''));
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    for (let left = 5; left > 0; left -= 1) await call(cloud);
    server.closeAllConnections();
    server.close();
    expect(sockets.size).toBe(1);
  });
});
