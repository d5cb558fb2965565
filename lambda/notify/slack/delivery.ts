import type { Clock } from '../../aws/clock.ts';
import type { SlackMessage } from '../message/block.ts';
import { SlackError } from './error.ts';
import type { OptionalLedger } from './ledger.ts';
import { type Fetch, post } from './post.ts';
import type { Destination } from './secret.ts';
import { findThread, startThread } from './thread.ts';

/** A message with its topic, which has one thread, and whether it is urgent. */
export interface Note {
  message: SlackMessage;
  topic: string | null;
  urgent: boolean;
  /** Identifies the note when the invocation is going to be repeated. */
  once: string | null;
}

/** Codes that mean that the thread is unusable while the channel still works. */
const threadGone = new Set([
  'thread_not_found',
  'message_not_found',
  'cannot_reply_to_message',
  'restricted_action_thread_locked',
]);

/**
 * Posts a note into the thread of its topic, or begins a thread, when an app posts. A webhook has no threads. When the
 * ledger fails, the note is posted without a thread. @throws SlackError.
 */
export async function deliver(
  outside: { fetch: Fetch; clock: Clock; memory: OptionalLedger },
  destination: Destination,
  { message, topic, urgent }: Omit<Note, 'once'>,
  deadline: number,
): Promise<void> {
  if (destination.kind === 'webhook' || topic === null) {
    await post(outside, destination, { message }, deadline);
    return;
  }
  const { memory, clock } = outside;
  const thread = await memory.ask('thread', (ledger) => findThread(ledger, topic, destination.channel));
  let anew = thread === undefined;
  const reply = { message, thread, broadcast: urgent };
  const posted = await post(outside, destination, reply, deadline).catch((error: unknown) => {
    if (anew || !(error instanceof SlackError) || !threadGone.has(error.code)) throw error;
    anew = true;
    return post(outside, destination, { message }, deadline);
  });
  if (!anew || !posted) return;
  const start = { topic, thread: posted, instead: thread !== undefined };
  await memory.ask('thread', (ledger) => startThread(ledger, start, clock.now()));
}
