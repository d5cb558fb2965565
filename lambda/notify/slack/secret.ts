import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { Clock } from '../../aws/clock.ts';
import type { Cloud } from '../../aws/cloud.ts';
import { inTime } from '../../aws/deadline.ts';
import { SlackError } from './error.ts';
import { jsonOf } from './json.ts';

/** Where messages go: a webhook's address, which has no threads, or a channel through an app's bot token. */
export type Destination =
  | { kind: 'webhook'; address: string }
  | { kind: 'app'; token: string; channel: string; api: string };

/** Plain HTTP is accepted for a receiver on the same machine only. */
const address = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  return url?.protocol === 'https:' || local;
});

const appSchema = z.strictObject({
  token: z.string().regex(/^[!-~]{8,512}$/),
  channel: z.string().regex(/^[!-~]{1,80}$/),
  api: address.default('https://slack.com/api'),
});

/** The destination in the text of the Slack secret. @throws SlackError when the text is invalid, without quoting it. */
export function readDestination(secret: string): Destination {
  const text = secret.trim();
  if (!text.startsWith('{')) {
    if (address.safeParse(text).success) return { kind: 'webhook', address: text };
    throw new SlackError('the Slack secret is neither an https address nor JSON with token and channel');
  }
  const app = appSchema.safeParse(jsonOf(text)).data;
  if (!app)
    throw new SlackError('the Slack secret is not JSON of the form {"token": "xoxb-…", "channel": "C…"}');
  return { kind: 'app', ...app, api: app.api.replace(/\/+$/, '') };
}

const keptFor = 5 * 60_000;

/** The destination. The secret is read again every five minutes and after a failed read. */
export interface SlackSecret {
  /**
   * Runs `work` with the destination, and once more when Slack refused it and the secret has changed since it was read.
   * @throws SlackError, and errors of the secret's service.
   */
  use<Value>(work: (destination: Destination) => Promise<Value>, deadline: number): Promise<Value>;
}

export function createSlackSecret(cloud: Pick<Cloud, 'readSecret'>, arn: string, clock: Clock): SlackSecret {
  let held: { destination: Destination; until: number } | undefined;

  async function read(deadline: number): Promise<Destination> {
    const now = clock.now().getTime();
    const destination = readDestination(await inTime(cloud.readSecret(arn), deadline - now));
    held = { destination, until: now + keptFor };
    return destination;
  }

  return {
    async use(work, deadline) {
      const kept = held && clock.now().getTime() < held.until ? held.destination : undefined;
      try {
        return await work(kept ?? (await read(deadline)));
      } catch (error) {
        held = undefined;
        if (!kept || !(error instanceof SlackError) || error.rest > 0) throw error;
        const fresh = await read(deadline);
        if (isDeepStrictEqual(fresh, kept)) throw error;
        return work(fresh);
      }
    },
  };
}
