import * as z from 'zod';
import type { Ledger } from '../../ledger/ledger.ts';
import { jsonOf } from './json.ts';

/** The first message of a thread by the ids that Slack gave, and the channel that had been asked for. */
const threadSchema = z.object({ asked: z.string(), channel: z.string(), ts: z.string() });
export type Thread = z.infer<typeof threadSchema>;

const keptFor = 7 * 24 * 3_600_000;
const keyOf = (topic: string) => `slack/thread/${topic}`;

/**
 * The thread that was begun on a topic in the last seven days; undefined where there is none, it is not readable, or
 * another channel was asked for then.
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

/** Keeps a topic's thread: of several begun at once the first, and the last one `instead` of one that is gone. */
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
