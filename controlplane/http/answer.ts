import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TextAnswer } from './routes/route.ts';

/** The same pieces. An error before the first piece is thrown at once, while another answer can still be sent. */
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

/** How long a reader may read nothing of an answer, milliseconds. */
const stalledMs = 30_000;

/**
 * Sends pieces as fast as the reader takes them. A piece that fails breaks the connection, so that the reader notices. A
 * reader that reads nothing for too long loses the connection, because other exports need its place.
 */
export async function sendText(
  { status, type, text }: TextAnswer,
  response: ServerResponse,
  patienceMs = stalledMs,
): Promise<void> {
  const content = typeof text === 'string' ? text : await begun(text);
  response.statusCode = status;
  response.setHeader('content-type', type);
  if (typeof content === 'string') response.end(content);
  else {
    response.setTimeout(patienceMs, () => response.destroy());
    await pipeline(Readable.from(content), response);
  }
}
