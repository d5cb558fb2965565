import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { command } from '../../../controlplane/cli/command.ts';
import { startService } from '../../../controlplane/service.ts';
import { readSettings } from '../../../controlplane/settings/environment.ts';
import { makeLogger } from '../../../controlplane/telemetry/log.ts';
import { assumed, identity, regions, startLoopback } from '../../worlds/aws-loopback.ts';

const sound = 'version: 1\nrules: [{ name: all, match: {}, mode: observe }]\n';
const exception = `exceptions:
  - { name: partner, owner: o, why: w, ticket: t, where: { include: [{ groupIds: [sg-1] }] }, allow: { sources: { cidrs: [0.0.0.0/0] }, protocols: [all] }, permanent: true }
`;
let data: string;
let policyFile: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'portcullis-service-'));
  policyFile = join(data, 'policy.yaml');
});
afterEach(() => rm(data, { recursive: true }));

const start = (environment: Record<string, string> = {}, log = makeLogger('silent')) => {
  const settings = readSettings({
    ...environment,
    ...{ PORTCULLIS_HUB_ACCOUNT: '222222222222', PORTCULLIS_HUB_REGION: 'eu-west-1', PORTCULLIS_PORT: '0' },
    ...{ PULUMI_CONFIG_PASSPHRASE: 'x', PORTCULLIS_DATA: data, PORTCULLIS_POLICY: policyFile },
  });
  return startService(settings, log, { standing: false });
};

test('the service does not start on a policy that cannot be read, and starts once it is fixed', {
  timeout: 60_000,
}, async () => {
  await writeFile(policyFile, sound.replace('observe', 'look'));
  await expect(start()).rejects.toMatchObject({
    code: 'invalid-policy',
    message: expect.stringMatching(/policy\.yaml: .*line 2: rules\[0\]\.mode: write observe/),
  });
  await writeFile(policyFile, sound);
  const service = await start();
  await service.stop();
});

test('no service starts, and no command does, with a Region that does not exist: exit code 2, with what was meant', {
  timeout: 60_000,
}, async () => {
  await writeFile(policyFile, sound);
  const loopback = await startLoopback(({ action }) => {
    if (action === 'AssumeRole') return { status: 200, body: assumed('hub') };
    return action === 'DescribeRegions'
      ? regions('us-east-1', 'eu-west-1', 'ap-southeast-9')
      : { status: 200, body: identity('arn:aws:iam::111111111111:user/portcullis') };
  });
  try {
    const message =
      'PORTCULLIS_REGIONS names eu-wset-1, which is not a known AWS Region; did you mean eu-west-1?';
    const wrong = { PORTCULLIS_REGIONS: 'us-east-1,eu-wset-1' };
    await expect(start(wrong)).rejects.toMatchObject({ code: 'invalid-environment', message });
    for (const [name, value] of Object.entries({
      ...{ PORTCULLIS_HUB_ACCOUNT: '222222222222', PORTCULLIS_HUB_REGION: 'eu-west-1', ...wrong },
      ...{ PULUMI_CONFIG_PASSPHRASE: 'x', PORTCULLIS_DATA: data, PORTCULLIS_POLICY: policyFile },
    }))
      vi.stubEnv(name, value);
    for (const name of ['serve', 'preview', 'status']) {
      let complaint = '';
      const exit = await command([name], { write: () => undefined }, (text) => {
        complaint += text;
      });
      expect([exit, complaint]).toEqual([2, `portcullis: ${message}`]);
    }
    const service = await start({ PORTCULLIS_REGIONS: 'us-east-1,ap-southeast-9' });
    await service.stop();
  } finally {
    loopback.stop();
  }
});

test('no service starts on a hub Region that needs an opt-in, and the service of one command does not either', {
  timeout: 60_000,
}, async () => {
  await writeFile(policyFile, sound);
  const loopback = await startLoopback(({ action }) => {
    if (action === 'AssumeRole') return { status: 200, body: assumed('hub') };
    const { status, body } = regions('eu-west-1');
    if (action === 'DescribeRegions')
      return { status, body: body.replace('opt-in-not-required', 'not-opted-in') };
    return { status: 200, body: identity('arn:aws:iam::111111111111:user/portcullis') };
  });
  try {
    await expect(start()).rejects.toMatchObject({
      code: 'invalid-environment',
      message: expect.stringMatching(/^PORTCULLIS_HUB_REGION: eu-west-1 needs an opt-in/),
    });
  } finally {
    loopback.stop();
  }
});

test('a service that runs reads the policy file as it is now', { timeout: 60_000 }, async () => {
  await writeFile(policyFile, sound);
  const service = await start();
  const names = async () => {
    const authorization = `Bearer ${await readFile(join(data, 'token'), 'utf8')}`;
    const response = await fetch(`${service.url}/v1/exceptions`, { headers: { authorization } });
    const answer = (await response.json()) as { exceptions?: { name: string }[] };
    return answer.exceptions?.map(({ name }) => name) ?? answer;
  };
  try {
    expect(await names()).toEqual([]);
    await writeFile(policyFile, sound + exception);
    expect(await names()).toEqual(['partner']);
    await writeFile(policyFile, 'rules: [');
    expect(await names()).toMatchObject({ code: 'invalid-policy' });
    await writeFile(policyFile, sound);
    expect(await names()).toEqual([]);
  } finally {
    await service.stop();
  }
});

test('without configured tokens the service accepts only the commands on its data directory', {
  timeout: 60_000,
}, async () => {
  await writeFile(policyFile, sound);
  const service = await start();
  try {
    const post = {
      method: 'POST',
      body: '{"scope":"organization"}',
      headers: { 'content-type': 'application/json' },
    };
    expect((await fetch(`${service.url}/v1/reconcile`, post)).status).toBe(401);
    vi.stubEnv('PORTCULLIS_DATA', data);
    vi.stubEnv('PORTCULLIS_URL', '');
    vi.stubEnv('PORTCULLIS_TOKEN', '');
    let shown = '';
    const screen = { write: (text: string) => (shown += text) };
    expect(await command(['exceptions'], screen, (text) => (shown += text))).toBe(0);
    vi.stubEnv('PORTCULLIS_URL', service.url);
    expect(await command(['exceptions'], screen, (text) => (shown += text))).toBe(1);
    expect(shown).toBe(
      `no exceptions
portcullis: the service at ${service.url} asks for a token; set PORTCULLIS_TOKEN`,
    );
  } finally {
    vi.unstubAllEnvs();
    await service.stop();
  }
});

test('variables of Kubernetes service links are ignored with one log line that names the remedy', {
  timeout: 60_000,
}, async () => {
  await writeFile(policyFile, sound);
  const lines: string[] = [];
  const log = makeLogger('info', [], { write: (line) => lines.push(line) });
  const links = { PORTCULLIS_SERVICE_HOST: '10.0.0.11', PORTCULLIS_SERVICE_PORT: '8420' };
  const service = await start(links, log);
  await service.stop();
  const about = lines.filter((line) => line.includes('enableServiceLinks: false'));
  expect(about.map((line) => JSON.parse(line).variables)).toEqual([Object.keys(links)]);
});
