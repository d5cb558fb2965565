import { type Agent, request } from 'node:http';
import type { Answer } from './call.ts';

export interface Message {
  method: string;
  path: string;
  /** Sent unchanged, `host` included, because the signature covers them. */
  headers: Record<string, string>;
  body: Buffer;
}

/** Sends one HTTP message to `origin` over the agent's kept connections. @throws when no complete answer arrives */
export function exchange(agent: Agent, origin: string, message: Message): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        hostname,
        port,
        path: message.path, // as it came: a URL object would rewrite it
        method: message.method,
        headers: { ...message.headers, 'content-length': message.body.length },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const headers: Record<string, string> = {};
          for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
          resolve({ status: incoming.statusCode ?? 502, headers, body: Buffer.concat(chunks) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(message.body);
  });
}
