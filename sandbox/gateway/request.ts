import type { IncomingMessage } from 'node:http';
import type { Call } from './call.ts';

/** Hop-by-hop headers: they belong to one connection and are never signed. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect']);

export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The headers to forward: all but the hop-by-hop ones. */
export function endToEnd(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers))
    if (!hopByHop.has(name)) headers[name] = String(value);
  return headers;
}

const scope = /Credential=([^/\s]+)\/\d{8}\/([^/\s]+)\/([^/\s]+)\/aws4_request/;

/** The call, read from the wire; null when it is not signed (the emulator answers that). */
export function parseCall(incoming: IncomingMessage, body: Buffer): Omit<Call, 'accountId'> | null {
  const headers = endToEnd(incoming);
  const path = incoming.url ?? '/';
  const method = incoming.method ?? 'GET';
  const signed = scope.exec(headers.authorization ?? '');
  if (!signed) return null;
  const [, accessKeyId = '', region = '', service = ''] = signed;
  const type = headers['content-type'] ?? '';
  const form = type.startsWith('application/x-www-form-urlencoded')
    ? new URLSearchParams(body.toString())
    : null;
  const operation = /\/operation\/(\w+)$/.exec(path)?.[1]; // Smithy RPC: the operation is in the path
  const action =
    headers['x-amz-target']?.split('.').at(-1) ??
    form?.get('Action') ??
    operation ??
    `${method} ${path.split('?')[0]}`;
  const parameters = form ? nested(form) : /json/.test(type) ? json(body) : {};
  const sourceAddress = incoming.socket.remoteAddress ?? '127.0.0.1';
  return { service, region, accessKeyId, action, method, path, headers, sourceAddress, body, parameters };
}

function json(body: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(body.toString() || '{}');
  } catch {
    return {}; // the emulator refuses it and says why
  }
}

interface Branch {
  [key: string]: string | Branch;
}

/**
 * The tree that an AWS query string spells out: `IpPermissions.1.IpRanges.1.CidrIp=...` becomes
 * `{ IpPermissions: [{ IpRanges: [{ CidrIp }] }] }`; the `member` level of IAM and STS lists is left out.
 * Values stay text.
 */
export function nested(form: URLSearchParams): Record<string, unknown> {
  const root: Branch = Object.create(null);
  for (const [key, value] of form) {
    if (key === 'Action' || key === 'Version') continue;
    const steps = key.split('.');
    let branch = root;
    for (const step of steps.slice(0, -1)) {
      const next = branch[step];
      const child: Branch = typeof next === 'object' ? next : Object.create(null);
      branch[step] = child;
      branch = child;
    }
    branch[steps.at(-1) as string] = value;
  }
  return Object.fromEntries(Object.entries(root).map(([key, value]) => [key, listed(value)]));
}

function listed(value: string | Branch): unknown {
  if (typeof value === 'string') return value;
  const keys = Object.keys(value);
  if (keys.length === 1 && value.member !== undefined) return listed(value.member);
  if (keys.every((key) => /^\d+$/.test(key)))
    return keys.sort((a, b) => Number(a) - Number(b)).map((key) => listed(value[key] as string | Branch));
  return Object.fromEntries(keys.map((key) => [key, listed(value[key] as string | Branch)]));
}
