import * as z from 'zod';
import type { Clock } from '../../aws/clock.ts';
import type { SlackMessage } from '../message/block.ts';
import { SlackError } from './error.ts';
import { jsonOf } from './json.ts';
import type { Destination } from './secret.ts';
import type { Thread } from './thread.ts';

export type Fetch = (address: string, init: RequestInit) => Promise<Response>;

export interface SlackPost {
  message: SlackMessage;
  thread?: Thread | undefined;
  /** Also show the reply in the channel. */
  broadcast?: boolean;
}

interface PostContext {
  fetch: Fetch;
  clock: Clock;
}

type Answer =
  | { kind: 'taken'; thread: Thread | undefined }
  | { kind: 'refused'; words: string; code: string }
  | { kind: 'retryable'; words: string; wait: number | undefined };

const tries = 4;
const patience = 2_000;
const firstPause = 300;
/** The pause after no answer at all, so that an event with many groups waits for a broken Slack only once. */
const restUnanswered = 5_000;
const longestRest = 60_000;
const longestAnswer = 65_536;

/**
 * Posts a message and returns the thread that it begins when an app posts it. Tries four times until the deadline
 * (milliseconds of the clock), with doubling pauses or those that Slack asks for. At least once: a message whose answer
 * was lost is posted again. @throws SlackError.
 */
export async function post(
  outside: PostContext,
  destination: Destination,
  letter: SlackPost,
  deadline: number,
): Promise<Thread | undefined> {
  const left = () => deadline - outside.clock.now().getTime();
  for (let attempt = 1; ; attempt += 1) {
    const answer = await postOnce(outside, destination, letter, Math.min(patience, left()));
    if (answer.kind === 'taken') return answer.thread;
    if (answer.kind === 'refused') throw new SlackError(answer.words, { code: answer.code });
    const backoff = firstPause * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    const pause = Math.max(answer.wait ?? 0, backoff);
    if (attempt === tries || pause >= left()) {
      const rest = Math.min(Math.max(answer.wait ?? 0, restUnanswered), longestRest);
      const asks = answer.wait ? ` and asks to wait ${Math.ceil(answer.wait / 1_000)} s` : '';
      throw new SlackError(`${answer.words}${asks}`, { rest });
    }
    await outside.clock.sleep(pause);
  }
}

async function postOnce(
  { fetch, clock }: PostContext,
  destination: Destination,
  letter: SlackPost,
  milliseconds: number,
): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(Math.max(1, Math.round(milliseconds)));
    const { address, ...request } = requestOf(destination, letter);
    const response = await fetch(address, { method: 'POST', ...request, signal, redirect: 'manual' });
    return classifyAnswer(destination, response, await textOf(response), clock.now());
  } catch (error) {
    return { kind: 'retryable', words: `Slack was not notified: ${errorText(error)}`, wait: undefined };
  }
}

function requestOf(destination: Destination, { message, thread, broadcast }: SlackPost) {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  if (destination.kind === 'webhook')
    return { address: destination.address, headers, body: JSON.stringify(message) };
  const { token, channel, api } = destination;
  const place = thread
    ? { channel: thread.channel, thread_ts: thread.ts, ...(broadcast && { reply_broadcast: true }) }
    : { channel };
  return {
    address: `${api}/chat.postMessage`,
    headers: { ...headers, authorization: `Bearer ${token}` },
    body: JSON.stringify({ ...place, ...message, unfurl_links: false, unfurl_media: false }),
  };
}

/** Temporary errors; https://docs.slack.dev/reference/methods/chat.postMessage */
const passing = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);

const bodySchema = z.object({
  ok: z.boolean().optional(),
  success: z.boolean().optional(),
  error: z.string().optional(),
  channel: z.string().optional(),
  ts: z.string().optional(),
});

function classifyAnswer(destination: Destination, response: Response, text: string, now: Date): Answer {
  const body = bodySchema.safeParse(jsonOf(text)).data;
  const code = codeOf(body?.error ?? text);
  const words = `Slack answered ${response.status}${code ? ` (${code})` : ''}`;
  const wait = waitOf(response.headers.get('retry-after'), now);
  if (response.status >= 500 || [408, 429].includes(response.status))
    return { kind: 'retryable', words, wait };
  if (!response.ok) return { kind: 'refused', words, code };
  if (passing.has(body?.error ?? '')) return { kind: 'retryable', words, wait };
  if (destination.kind === 'webhook') {
    // Slack answers `ok`; other services with Slack's webhook protocol answer JSON.
    const taken = text.trim().toLowerCase() === 'ok' || body?.ok === true || body?.success === true;
    return taken
      ? { kind: 'taken', thread: undefined }
      : { kind: 'refused', words: `${words} without ok`, code };
  }
  if (body?.ok !== true || !body.ts) return { kind: 'refused', words: `${words} without ok`, code };
  const { channel: asked } = destination;
  return { kind: 'taken', thread: { asked, channel: body.channel ?? asked, ts: body.ts } };
}

/** Slack's codes are words such as `no_service`. Any other text could contain anything. */
function codeOf(text: string): string {
  return /^[a-z]+(_[a-z]+)*$/.test(text) && text.length <= 60 && text !== 'ok' ? text : '';
}

/** `Retry-After` (seconds or a date) in milliseconds; undefined when absent or invalid. */
function waitOf(header: string | null, now: Date): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const until = /[a-z]{3},/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(until) ? undefined : Math.max(0, until - now.getTime());
}

/** The first part of the body, longer than any valid answer. */
async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > longestAnswer) break;
  }
  return text;
}

/** An error's message may quote the address; its name and system code do not. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return /^[A-Z_]{3,40}$/.test(code) ? `${error.name} (${code})` : error.name;
}
