import { ailmentOf } from './ailment.ts';
import type { Cloud } from './cloud.ts';
import { slackMessage } from './message.ts';
import type { Channel, RemediationResult } from './result.ts';
import type { Clock } from './revoke.ts';

export type Fetch = (address: string, init: RequestInit) => Promise<Response>;

/** Tells Slack of a result where people should hear of it; a failure is part of the answer, never an exception. */
export interface Slack {
  notify(result: RemediationResult): Promise<Channel>;
}

const addressKeptFor = 5 * 60_000;
const timeout = 2_500;
const tries = 3;

/** With the webhook address from a secret, read anew every five minutes and after Slack refused it. */
export function createSlack(
  cloud: Pick<Cloud, 'readSecret'>,
  secretArn: string | null,
  fetch: Fetch,
  clock: Clock,
): Slack {
  let kept: { address: string; until: number } | undefined;

  async function addressOf(arn: string): Promise<string> {
    if (kept && clock.now().getTime() < kept.until) return kept.address;
    const address = webhookAddress(await cloud.readSecret(arn));
    kept = { address, until: clock.now().getTime() + addressKeptFor };
    return address;
  }

  return {
    async notify(result) {
      const message = slackMessage(result);
      if (!message) return { status: 'not-needed' };
      if (!secretArn) return { status: 'not-configured' };
      try {
        const address = await addressOf(secretArn);
        await post(fetch, address, JSON.stringify(message), clock);
        return { status: 'sent' };
      } catch (error) {
        kept = undefined;
        return { status: 'failed', error: withoutAddress(error) };
      }
    },
  };
}

class Refused extends Error {}

/** An address in the clear is taken for a receiver on the same machine alone. */
function webhookAddress(secret: string): string {
  const text = secret.trim();
  const address = URL.canParse(text) ? new URL(text) : undefined;
  const local =
    address?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(address.hostname);
  if (address?.protocol !== 'https:' && !local) throw new Refused('the Slack secret is not an https address');
  return text;
}

async function post(fetch: Fetch, address: string, body: string, clock: Clock): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const status = await postOnce(fetch, address, body).catch((error: unknown) => {
      if (attempt === tries) throw error;
      return 503;
    });
    if (status >= 200 && status < 300) return;
    if (attempt === tries || (status < 500 && status !== 429)) throw new Refused(`Slack answered ${status}`);
    await clock.sleep(300 * attempt);
  }
}

async function postOnce(fetch: Fetch, address: string, body: string): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(timeout);
  const response = await fetch(address, { method: 'POST', headers, body, signal, redirect: 'error' });
  await response.body?.cancel();
  return response.status;
}

/** The webhook address is a secret and an error's message may quote it: only our own messages are passed on. */
function withoutAddress(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (ailmentOf(error) === 'access-denied') return 'the Slack secret may not be read';
  return error instanceof Error ? `Slack could not be told: ${error.name}` : 'Slack could not be told';
}
