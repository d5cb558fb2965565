import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';

/** A call as a loopback AWS sees it. */
export interface LoopbackCall {
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Whose credentials signed it. */
  readonly accessKeyId: string;
  readonly region: string;
  /** When it was signed, and when it came. */
  readonly signedAt: number;
  readonly at: number;
}

export interface LoopbackAnswer {
  readonly status: number;
  readonly body: string;
}

async function readCall(request: IncomingMessage): Promise<LoopbackCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
  const parameters = target ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(request.headers['x-amz-date'])) ?? [];
  const [, accessKeyId = '', region = ''] =
    /Credential=([^/]+)\/\d+\/([^/]+)/.exec(String(request.headers.authorization)) ?? [];
  return {
    action: target ?? parameters.Action,
    parameters,
    accessKeyId,
    region,
    signedAt: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`),
    at: Date.now(),
  };
}

/** Credentials of an assumed role, their key naming it: `account/role` and how often it was assumed. */
export const assumed = (accessKeyId: string, lasts = 3_600_000): string =>
  `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId>
  <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
  <Expiration>${new Date(Date.now() + lasts).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

export const identity = (arn: string): string =>
  `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${arn.split(':')[4]}</Account>
  <Arn>${arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`;

export const queryError = (code: string, status = 400): LoopbackAnswer => ({
  status,
  body: `<ErrorResponse><Error><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`,
});

export const ec2Error = (code: string, status = 400): LoopbackAnswer => ({
  status,
  body: `<Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors></Response>`,
});

export const jsonError = (code: string, status = 400): LoopbackAnswer => ({
  status,
  body: JSON.stringify({ __type: code, message: 'no' }),
});

export const regions = (...names: string[]): LoopbackAnswer => ({
  status: 200,
  body: `<DescribeRegionsResponse><regionInfo>${names
    .map(
      (name) => `<item><regionName>${name}</regionName><optInStatus>opt-in-not-required</optInStatus></item>`,
    )
    .join('')}</regionInfo></DescribeRegionsResponse>`,
});

/** An AWS on loopback that answers as a test says, and the environment that makes clients call it. */
export async function startLoopback(
  answer: (call: LoopbackCall) => LoopbackAnswer | Promise<LoopbackAnswer>,
) {
  const calls: LoopbackCall[] = [];
  const server: Server = createServer(async (request, response) => {
    const call = await readCall(request);
    calls.push(call);
    const { status, body } = await answer(call);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'own');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  return {
    calls,
    count: (action: string) => calls.filter((call) => call.action === action).length,
    stop() {
      vi.unstubAllEnvs();
      server.closeAllConnections();
      server.close();
    },
  };
}
