import * as z from 'zod';
import type { Ledger } from '../../ledger/ledger.ts';
import { jsonOf } from './json.ts';

/** The first message of a thread by Slack's ids, and the channel that was requested. */
const threadSchema = z.object({ asked: z.string(), channel: z.string(), ts: z.string() });
export type Thread = z.infer<typeof threadSchema>;

const keptFor = 7 * 24 * 3_600_000;
const keyOf = (topic: string) => `slack/thread/${topic}`;

/**
 * The thread of a topic that was begun in the last seven days; undefined when there is none, it is not readable, or it
 * was begun in another channel.
 */
export async function findThread(
  ledger: Pick<Ledger, 'read'>,
  topic: string,
  asked: string,
): Promise<Thread | undefined> {
  const text = (await ledger.read(keyOf(topic))) ?? '';
  const thread = threadSchema.safeParse(jsonOf(text)).data;
  return thread?.asked === asked ? thread : undefined;
}

/**
 * Stores a topic's thread. Of several begun at once the first wins; `instead` replaces a thread that no longer exists.
 */
export async function startThread(
  ledger: Pick<Ledger, 'write' | 'writeOnce'>,
  { topic, thread, instead }: { topic: string; thread: Thread; instead: boolean },
  now: Date,
): Promise<void> {
  const until = new Date(now.getTime() + keptFor);
  const text = JSON.stringify(thread);
  if (instead) await ledger.write(keyOf(topic), text, until);
  else await ledger.writeOnce(keyOf(topic), text, until);
}
