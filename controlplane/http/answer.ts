import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TextAnswer } from './routes/route.ts';

/** The pieces again; what goes wrong before the first of them is thrown at once. */
async function begun(text: AsyncIterable<string>): Promise<AsyncIterable<string>> {
  const pieces = text[Symbol.asyncIterator]();
  const first = await pieces.next();
  return (async function* () {
    try {
      for (let piece = first; !piece.done; piece = await pieces.next()) yield piece.value;
    } finally {
      await pieces.return?.();
    }
  })();
}

/** Sends pieces as fast as the reader takes them; one that fails breaks the connection, so that the reader knows. */
export async function sendText({ status, type, text }: TextAnswer, response: ServerResponse): Promise<void> {
  const content = typeof text === 'string' ? text : await begun(text);
  response.statusCode = status;
  response.setHeader('content-type', type);
  if (typeof content === 'string') response.end(content);
  else await pipeline(Readable.from(content), response);
}
