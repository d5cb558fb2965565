import { expect, test } from 'vitest';
import type { Client } from '../../../../controlplane/cli/client/http.ts';
import { follow } from '../../../../controlplane/cli/commands/follow.ts';
import { runOf, stackOf } from './run-sample.ts';

/** Follows a run that does not end, with Ctrl-C at the first look. */
async function interrupted(client: Partial<Client>) {
  let [out, complaint] = ['', ''];
  const run = runOf({ state: 'running', finishedAt: null, stacks: [stackOf('hub', 'running')] });
  const looks = async () => {
    setImmediate(() => process.emit('SIGINT'));
    return run;
  };
  const exit = await follow({ ...client, run: looks } as Client, 'r', {
    ...{ screen: { write: (text: string) => (out += text) }, json: false },
    complain: (text) => {
      complaint += text;
    },
  });
  return { exit, out, complaint };
}

test('Ctrl-C names what becomes of the run: it goes on in a service, and stops where this command carries it out', async () => {
  const before = process.listenerCount('SIGINT');
  const service = await interrupted({});
  expect(service).toMatchObject({ exit: 130, out: '' });
  expect(service.complaint).toContain('goes on in the service');
  const own = await interrupted({ ownService: true });
  expect(own.exit).toBe(130);
  expect(own.complaint).toMatch(
    /stops after the stacks that are under way; the next portcullis serve continues it/,
  );
  expect(process.listenerCount('SIGINT')).toBe(before);
});
