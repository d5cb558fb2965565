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

/** How long a reader may take nothing of an answer, milliseconds. */
const stalledMs = 30_000;

/**
 * Sends pieces as fast as the reader takes them; one that fails breaks the connection, so that the reader knows. So does
 * a reader that takes nothing for long: the place of its answer is needed.
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
