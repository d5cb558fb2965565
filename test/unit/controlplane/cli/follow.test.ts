import { expect, test } from 'vitest';
import type { Client } from '../../../../controlplane/cli/client/http.ts';
import { follow } from '../../../../controlplane/cli/commands/follow.ts';
import { followRestore } from '../../../../controlplane/cli/commands/restore.ts';
import { followVerification } from '../../../../controlplane/cli/commands/verify.ts';
import { runOf, stackOf } from './run-sample.ts';

const unfinished = {
  runSince: {
    ...runOf({ state: 'running', finishedAt: null, stacks: [stackOf('hub', 'running')] }),
    counts: {},
    next: '',
    more: false,
  },
  verification: { id: 'v', finishedAt: null, cells: [] },
  restored: { id: 'r', state: 'pending', reason: null, finishedAt: null, rules: [] },
};

/** Follows what does not end, with Ctrl-C at the first look. */
async function interrupted(by: typeof follow, more: Partial<Client> = {}) {
  let [out, complaint] = ['', ''];
  const looks = Object.entries(unfinished).map(([name, answer]) => {
    const look = async () => {
      setImmediate(() => process.emit('SIGINT'));
      return answer;
    };
    return [name, look];
  });
  const client = { ...Object.fromEntries(looks), ...more } as Client;
  const exit = await by(client, 'r', {
    ...{ screen: { write: (text: string) => (out += text) }, json: false },
    complain: (text) => {
      complaint += text;
    },
  });
  return { exit, out, complaint };
}

test.each([
  ['reconcile', follow, '', 'finishes the stacks in progress and stops'],
  ['verification', followVerification, '', 'stops'],
  ['restore', followRestore, 'the hub is being updated with the exception\n', 'stops'],
] as const)('Ctrl-C names what becomes of a %s: 130', async (noun, by, shown, stops) => {
  const before = process.listenerCount('SIGINT');
  const service = await interrupted(by);
  expect(service).toMatchObject({ exit: 130, out: shown });
  expect(service.complaint).toContain(`The ${noun} continues in the service. Follow it: portcullis follow r`);
  expect(service.complaint.includes('portcullis cancel r')).toBe(noun === 'reconcile');
  const own = await interrupted(by, { ownService: true });
  expect(own.exit).toBe(130);
  expect(own.complaint).toContain(`It ${stops}; the next portcullis serve continues the ${noun}.`);
  expect(process.listenerCount('SIGINT')).toBe(before);
});

test('a look that takes long is repeated after nine times as long', async () => {
  const looks: number[] = [];
  const client = {
    verification: async () => {
      looks.push(performance.now());
      await new Promise((done) => setTimeout(done, 100));
      return { ...unfinished.verification, ...(looks.length === 2 && { finishedAt: 'now' }) };
    },
  } as unknown as Client;
  const terminal = { screen: { write: () => undefined }, json: false, complain: () => undefined };
  expect(await followVerification(client, 'v', terminal as never)).toBe(0);
  expect((looks[1] ?? 0) - (looks[0] ?? 0)).toBeGreaterThanOrEqual(990);
});
