import { test } from 'vitest';
import type { Outcome } from '../../../../../lambda/contract/result.ts';
import type { Ledger } from '../../../../../lambda/ledger/ledger.ts';
import { createSlack } from '../../../../../lambda/notify/slack/channel.ts';
import { type Manner, startReceiver } from '../../../../worlds/http-receiver.ts';
import { memoryLedger } from '../../../../worlds/memory-cloud.ts';
import { remediation } from '../../../../worlds/remediation-sample.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack';

/** Slack's `chat.postMessage` as a real server, and our side of it with a clock that jumps instead of waiting. */
async function createSlackWorld(ledger?: Ledger) {
  let number = 0;
  const takes: Manner = ({ body }) => {
    number += 1;
    const { channel } = JSON.parse(body);
    const ts = `1700000000.${String(number).padStart(6, '0')}`;
    return answer({ ok: true, channel: `${channel}-by-id`, ts });
  };
  const receiver = await startReceiver(takes);
  const world = {
    time: Date.parse('2026-03-02T09:15:10Z'),
    takes,
    receiver,
    secret: '' as string | Error,
    reads: 0,
    log: [] as string[],
    posts: () => receiver.received.map(({ body }) => JSON.parse(body)),
    threads: () => world.posts().map(({ thread_ts }): string | undefined => thread_ts),
    /** Writes the secret of an app. */
    setApp(change: object = {}) {
      const app = { token: 'xoxb-1234-SECRET', channel: 'C1', api: `${receiver.url}/api` };
      world.secret = JSON.stringify({ ...app, ...change });
    },
  };
  world.setApp();
  const now = () => new Date(world.time);
  const slack = createSlack(
    {
      cloud: {
        async readSecret() {
          world.reads += 1;
          if (world.secret instanceof Error) throw world.secret;
          return world.secret;
        },
      },
      ledger: ledger ?? memoryLedger(now),
      fetch: globalThis.fetch,
      clock: {
        now,
        sleep: async (milliseconds) => {
          world.time += milliseconds;
        },
      },
      log: (step, facts) => world.log.push(JSON.stringify({ step, ...facts })),
    },
    arn,
    'aws',
  );
  return Object.assign(world, {
    slack,
    notify: (outcome: Outcome, groupId?: string) => slack.notify(resultOf(outcome, groupId)),
  });
}

/** The world of one test. `manner`: how its ledger fails. */
export const slackTest = test
  .extend('manner', undefined as 'throws' | 'hangs' | undefined)
  .extend('world', async ({ manner }, { onCleanup }) => {
    const world = await createSlackWorld(manner && brokenLedger(manner));
    onCleanup(() => world.receiver.stop());
    return world;
  });

export const resultOf = (outcome: Outcome, groupId = 'sg-1') => remediation({ outcome, groupId });

/** An answer of Slack with an error at HTTP 200. */
export const refusal = (error: string) => answer({ ok: false, error });

export function answer(body: object): Manner {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** A ledger none of whose calls succeeds: each throws, or never answers. */
function brokenLedger(manner: 'throws' | 'hangs'): Ledger {
  const call = (): Promise<never> =>
    manner === 'throws' ? Promise.reject(new Error('the table was deleted')) : new Promise(() => {});
  const reading = { read: call, members: call };
  return { ...reading, write: call, writeOnce: call, add: call, remove: call, count: call };
}
