import { afterEach, expect, vi } from 'vitest';
import { parse } from 'yaml';
import { command } from '../../../../controlplane/cli/command.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld, token } from './world.ts';

const world = httpWorld();
afterEach(() => vi.unstubAllEnvs());

test('the template of the access role is served as YAML, to those who have a token', async () => {
  const ask = (authorization: string) =>
    fetch(`${world.url}/v1/access-role.yaml`, { headers: { authorization } });
  const answer = await ask(`Bearer ${token}`);
  expect(answer.headers.get('content-type')).toMatch(/^application\/yaml/);
  expect(parse(await answer.text())).toMatchObject({ AWSTemplateFormatVersion: '2010-09-09' });
  expect((await ask('Bearer 0123456789abcdeX')).status).toBe(401);
});

test('and printed by the command, or why it cannot be', async () => {
  const run = async () => {
    const said: string[] = [];
    const screen = { write: (text: string) => said.push(text) } as unknown as Parameters<typeof command>[1];
    const exit = await command(['access-template'], screen, (text) => said.push(text));
    return { exit, said: said.join('') };
  };
  vi.stubEnv('PORTCULLIS_URL', world.url);
  vi.stubEnv('PORTCULLIS_TOKEN', token);
  expect(await run()).toEqual({ exit: 0, said: expect.stringContaining('AWSTemplateFormatVersion') });
  vi.stubEnv('PORTCULLIS_TOKEN', 'another-token-than-theirs');
  expect(await run()).toEqual({ exit: 1, said: expect.stringContaining('set PORTCULLIS_TOKEN') });
});

test('an idle connection outlasts the 60 s that a load balancer keeps it', async () => {
  const { headers } = await fetch(`${world.url}/healthz`);
  const [, seconds] = /^timeout=(\d+)$/.exec(headers.get('keep-alive') ?? '') ?? [];
  expect(Number(seconds)).toBeGreaterThan(60);
});
