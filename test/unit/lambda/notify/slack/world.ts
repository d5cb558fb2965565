import type { Ledger } from '../../../../../lambda/ledger/ledger.ts';
import { createSlack } from '../../../../../lambda/notify/slack/channel.ts';
import { type Manner, startReceiver } from '../../../../worlds/http-receiver.ts';
import { memoryLedger } from '../../../../worlds/memory-cloud.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack';

/** Slack's `chat.postMessage` as a real server, and our side of it with a clock that jumps where it would wait. */
export async function createSlackWorld(over: { ledger?: Ledger } = {}) {
  let number = 0;
  const takes: Manner = ({ body }) => {
    number += 1;
    const { channel } = JSON.parse(body);
    return answer({
      ok: true,
      channel: `${channel}-by-id`,
      ts: `1700000000.${String(number).padStart(6, '0')}`,
    });
  };
  const receiver = await startReceiver(takes);
  const world = {
    time: Date.parse('2026-03-02T09:15:10Z'),
    takes,
    receiver,
    secret: JSON.stringify({ token: 'xoxb-1234-SECRET', channel: 'C1', api: `${receiver.url}/api` }) as
      | string
      | Error,
    reads: 0,
    log: [] as string[],
    posts: () => receiver.received.map(({ body }) => JSON.parse(body)),
  };
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
      ledger: over.ledger ?? memoryLedger(now),
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
  return Object.assign(world, { slack });
}

export function answer(body: object): Manner {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** A ledger none of whose calls succeeds: each throws, or never answers. */
export function brokenLedger(manner: 'throws' | 'hangs'): Ledger {
  const call = (): Promise<never> =>
    manner === 'throws' ? Promise.reject(new Error('the table was deleted')) : new Promise(() => {});
  return {
    read: call,
    write: call,
    writeOnce: call,
    members: call,
    add: call,
    remove: call,
    count: call,
  } satisfies Record<keyof Ledger, () => Promise<never>>;
}
