import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../sandbox/demo/security-group.ts';
import { type Detour, startProxy } from '../../faults/proxy.ts';

const echo = createServer((socket) => {
  socket.pipe(socket);
  socket.on('error', () => undefined);
});
let detour: Detour;
beforeAll(async () => {
  await new Promise<void>((done) => echo.listen(0, '127.0.0.1', done));
  const { port } = echo.address() as { port: number };
  detour = await startProxy(`postgres://person@127.0.0.1:${port}/database`);
});
afterAll(() => {
  detour.close();
  echo.close();
});

const call = async () => {
  const socket = connect(Number(new URL(detour.url).port), '127.0.0.1');
  await once(socket, 'connect');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  return { socket, heard: () => received };
};
const hears = (one: { heard(): string }, text: string) =>
  until(text, 5, async () => (one.heard() === text ? true : undefined));

describe('the detour that the fault suite sends a worker over', () => {
  test('passes on what comes, under the address of the database', async () => {
    expect(detour.url).toMatch(/^postgres:\/\/person@127\.0\.0\.1:\d+\/database$/);
    const one = await call();
    one.socket.write('hello');
    await hears(one, 'hello');
    one.socket.destroy();
  });

  test('lets nothing through while it stalls, of old and of new connections, and all of it afterwards', async () => {
    const old = await call();
    old.socket.write('a');
    await hears(old, 'a');
    detour.stall();
    const young = await call();
    old.socket.write('b');
    young.socket.write('c');
    await expect(
      until('an answer', 0.3, async () => (old.heard() + young.heard()).length > 1 || undefined),
    ).rejects.toThrow('still not');
    detour.heal();
    await hears(old, 'ab');
    await hears(young, 'c');
    old.socket.destroy();
    young.socket.destroy();
  });
});
