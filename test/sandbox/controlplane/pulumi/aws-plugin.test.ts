import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsPluginGate, findAwsPlugin, pluginVersion } from '../../../../controlplane/pulumi/aws-plugin.ts';

const none = { awsPlugin: undefined };
const version = await pluginVersion();
let directory: string;
let asked: string[];
let server: Server;

/** The archive that a download host has: a plugin that says nothing. */
async function archive(): Promise<Buffer> {
  const content = join(directory, 'content');
  await mkdir(content, { recursive: true });
  await writeFile(join(content, 'pulumi-resource-aws'), '#!/bin/sh\n', { mode: 0o755 });
  await promisify(execFile)('tar', ['-czf', join(directory, 'plugin.tar.gz'), '-C', content, '.']);
  return readFile(join(directory, 'plugin.tar.gz'));
}

/** Sends the CLI's downloads to this address. Source: `PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES` in the CLI's env.go. */
const downloadFrom = (url: string) => vi.stubEnv('PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES', `.*=${url}`);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-plugin-'));
  asked = [];
  const plugin = await archive();
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(plugin);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  vi.stubEnv('PULUMI_HOME', join(directory, 'home'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await new Promise((done) => server.close(done));
  await rm(directory, { recursive: true, force: true });
});

describe('the AWS plugin', () => {
  test('is installed once, in the version of @pulumi/aws, by however many callers', async () => {
    downloadFrom(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await findAwsPlugin(none)).toMatchObject({ kind: 'missing' });
    const require = awsPluginGate(none, () => undefined);
    await Promise.all([require(), require()]);
    await require();
    expect(asked).toEqual([expect.stringContaining(`pulumi-resource-aws-v${version}-`)]);
    expect(await findAwsPlugin(none)).toMatchObject({
      kind: 'official',
      message: expect.stringContaining(version),
    });
  });

  test('that cannot be downloaded is one error in one line, and the next caller tries again', async () => {
    downloadFrom('http://127.0.0.1:9');
    const require = awsPluginGate(none, () => undefined);
    const error = await require().catch((failure: Error) => failure);
    expect(error).toMatchObject({
      code: 'invalid-environment',
      message: expect.stringMatching(
        /^the AWS plugin \S+ cannot be installed \(.*127\.0\.0\.1:9.*\): run `npm run setup/,
      ),
    });
    expect((error as Error).message).not.toContain('\n');
    downloadFrom(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await require();
    expect(await findAwsPlugin(none)).toMatchObject({ kind: 'official' });
  });

  test('half installed by a CLI that was killed counts as missing', async () => {
    const place = join(directory, 'home', 'plugins', `resource-aws-v${version}`);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'pulumi-resource-aws'), '', { mode: 0o755 });
    await writeFile(`${place}.partial`, '');
    expect(await findAwsPlugin(none)).toMatchObject({ kind: 'missing' });
  });

  test('of PORTCULLIS_AWS_PLUGIN is used, and a directory without one is refused by its name', async () => {
    const content = join(directory, 'content');
    expect(await findAwsPlugin({ awsPlugin: content })).toMatchObject({ kind: 'chosen' });
    await expect(awsPluginGate({ awsPlugin: directory }, () => undefined)()).rejects.toMatchObject({
      code: 'invalid-environment',
      message: expect.stringContaining(`PORTCULLIS_AWS_PLUGIN: ${directory} has no executable`),
    });
    expect(asked).toEqual([]);
  });
});
