import { randomUUID } from 'node:crypto';
import type { Answer, Call } from './call.ts';
import { Refusal, refusalAnswer, xmlAnswer } from './refusal.ts';

/**
 * Each service's throttling error. Source: the services' API references, "Common errors" and the error list of their
 * operations; EC2's in "Request throttling for the Amazon EC2 API".
 */
const throttles: Record<string, [code: string, message: string, status: number]> = {
  account: ['TooManyRequestsException', 'Rate exceeded', 429],
  ec2: ['RequestLimitExceeded', 'Request limit exceeded.', 503],
  iam: ['Throttling', 'Rate exceeded', 400],
  lambda: ['TooManyRequestsException', 'Rate exceeded', 429],
  organizations: ['TooManyRequestsException', 'AWS Organizations rate exceeded.', 400],
  s3: ['SlowDown', 'Please reduce your request rate.', 503],
  securityhub: ['TooManyRequestsException', 'Rate exceeded', 429],
  sns: ['Throttled', 'Rate exceeded', 429],
  sqs: ['RequestThrottled', 'Rate exceeded', 400],
  sts: ['Throttling', 'Rate exceeded', 400],
};
const throttled: (typeof throttles)[string] = ['ThrottlingException', 'Rate exceeded', 400];

const isQuery = (call: Call): boolean =>
  (call.headers['content-type'] ?? '').includes('x-www-form-urlencoded');

/** The error in the call's protocol; S3's errors are XML without the query protocol's wrapping. */
function answer(call: Call, code: string, message: string, status: number): Answer {
  if (call.service === 's3') {
    const fault = `<Code>${code}</Code><Message>${message}</Message>`;
    return xmlAnswer(status, `<Error>${fault}<RequestId>${randomUUID()}</RequestId></Error>`);
  }
  const refused = refusalAnswer(call, new Refusal(code, message, {}, status));
  if (call.service !== 'sqs') return refused;
  return { ...refused, headers: { ...refused.headers, 'x-amzn-query-error': `${code};Sender` } };
}

export const throttleAnswer = (call: Call): Answer => answer(call, ...(throttles[call.service] ?? throttled));

/** An internal error (500), or an unavailable service (503). */
export function unavailableAnswer(call: Call, status: 500 | 503): Answer {
  const internal = status === 500;
  const code =
    call.service === 'ec2' || call.service === 's3'
      ? { 500: 'InternalError', 503: call.service === 'ec2' ? 'Unavailable' : 'ServiceUnavailable' }[status]
      : { 500: 'InternalFailure', 503: 'ServiceUnavailable' }[status];
  return answer(call, code, internal ? 'An internal error has occurred.' : 'Service is unavailable.', status);
}

/** The answer to an expired session; EC2 has its own code. */
export function expiredAnswer(call: Call): Answer {
  if (call.service === 'ec2') return answer(call, 'RequestExpired', 'Request has expired.', 400);
  const message = 'The security token included in the request is expired';
  if (call.service === 's3') return answer(call, 'ExpiredToken', message, 400);
  if (isQuery(call)) return answer(call, 'ExpiredToken', message, 403);
  return answer(call, 'ExpiredTokenException', message, call.service === 'lambda' ? 403 : 400);
}
