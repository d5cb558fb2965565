import { expect, test } from 'vitest';
import { CommandFailed, runCommand } from '../../../../controlplane/pulumi/command.ts';
import { endingFor, reasonFor } from '../../../../controlplane/pulumi/messages.ts';
import { LeaseLost } from '../../../../controlplane/store/database/lease-guard.ts';

/** A command that says when it listens, and minds no interrupt. */
const stubborn = `process.on('SIGINT', () => undefined); console.log('here'); setInterval(() => undefined, 1000)`;

const run = (signal: AbortSignal, onStart: () => void) =>
  runCommand(process.execPath, ['-e', stubborn], { cwd: '.', environment: {}, signal, onStart });

test('a command whose lease was lost is killed before another worker may take the key', async () => {
  const ending = new AbortController();
  const ended = run(ending.signal, () => {
    setTimeout(() => ending.abort(new LeaseLost('hub')), 500);
  });
  const begun = performance.now();
  await expect(ended).rejects.toBeInstanceOf(CommandFailed);
  expect(performance.now() - begun).toBeLessThan(60_000);
});

test('the reason to end keeps its code on the way to the thread that runs the command', () => {
  const crossed = (reason: unknown) => reasonFor(structuredClone(endingFor(reason)));
  expect(crossed(new LeaseLost('hub'))).toMatchObject({
    code: 'lease-lost',
    message: 'the lease of hub was lost',
  });
  expect(crossed(new Error('the service stops'))).not.toHaveProperty('code');
});

test('a command is not begun once it is to end', async () => {
  let begun = false;
  const ended = run(AbortSignal.abort(new Error('the service stops')), () => {
    begun = true;
  });
  await expect(ended).rejects.toThrow('the service stops');
  expect(begun).toBe(false);
});
