import { randomUUID } from 'node:crypto';
import type { Answer, Call, Forward } from './call.ts';

/** An AWS error from the gateway. `details` are further members of a JSON error, such as `Reason`. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly details: Record<string, unknown>;

  constructor(code: string, message: string, details: Record<string, unknown> = {}, status = 400) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID(), ...headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

export function xmlAnswer(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'text/xml;charset=UTF-8' }, body: Buffer.from(body) };
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The refusal in the call's protocol: EC2's XML, the query protocol's XML, or JSON. */
export function refusalAnswer(call: Call, refusal: Refusal): Answer {
  const fault = `<Code>${refusal.code}</Code><Message>${escapeXml(refusal.message)}</Message>`;
  if (call.service === 'ec2') {
    return xmlAnswer(
      refusal.status,
      `<Response><Errors><Error>${fault}</Error></Errors><RequestID>${randomUUID()}</RequestID></Response>`,
    );
  }
  if ((call.headers['content-type'] ?? '').includes('x-www-form-urlencoded')) {
    return xmlAnswer(
      refusal.status,
      `<ErrorResponse><Error><Type>Sender</Type>${fault}</Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
    );
  }
  return jsonAnswer(
    refusal.status,
    { __type: refusal.code, message: refusal.message, Message: refusal.message, ...refusal.details },
    { 'x-amzn-errortype': refusal.code },
  );
}

/** The refusal for an access key that the service does not know in this account or Region. */
export function unknownCaller(call: Call, message: string): Answer {
  if (call.service === 'ec2') return refusalAnswer(call, new Refusal('AuthFailure', message, {}, 401));
  const query = (call.headers['content-type'] ?? '').includes('x-www-form-urlencoded');
  const refusal = query
    ? new Refusal('InvalidClientTokenId', message, {}, 403)
    : new Refusal('UnrecognizedClientException', message);
  return refusalAnswer(call, refusal);
}

const refusalCodes =
  /AccessDenied|UnauthorizedOperation|AuthFailure|UnrecognizedClient|Signature|InvalidClientTokenId|ExpiredToken|RequestExpired|MissingAuthenticationToken|InvalidToken|OptInRequired/;

/**
 * The emulator's refusal of the caller (signature or IAM); undefined when it would permit the call. Its answer to a
 * permitted call is dropped.
 */
export async function refusedByEmulator(forward: Forward): Promise<Answer | undefined> {
  const answer = await forward();
  if (answer.status < 400) return undefined;
  if (answer.status === 401 || answer.status === 403 || answer.status >= 500) return answer;
  const code =
    answer.headers['x-amzn-errortype'] ??
    /"__type"\s*:\s*"([^"]*)"|<Code>([^<]*)<\/Code>/.exec(answer.body.toString())?.slice(1).join('') ??
    '';
  return refusalCodes.test(code) ? answer : undefined;
}
