import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModifyVpcBlockPublicAccessOptionsCommand } from '@aws-sdk/client-ec2';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { type Line, run, runLines } from './command.ts';
import * as scene from './scene.ts';

const { shop, payments, shopDevelopment, paymentsDevelopment, playground, management, region } = scene;
let sandbox: Sandbox;
let directory: string;
let credentials: Record<string, string>;
const groups: Record<string, string> = {};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-sweep-'));
  sandbox = await startSandbox();
  credentials = await scene.makeUser(sandbox, 'sweep', await scene.document('sweep-policy.json'));
  await buildShop();
  await buildBlocked();
  await buildShared();
  await denyOneCell();
  await sandbox.idle();
});
afterAll(async () => {
  await sandbox?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Each exposure once. */
async function buildShop() {
  const made = scene.builder(sandbox, shop);
  groups.reachable = await made.group('=cmd|calc', scene.ssh, undefined, { Owner: '<b>web</b>' });
  await made.instance(groups.reachable);
  groups.unattached = await made.group('unattached', scene.ssh);
  const closed = await made.vpc();
  groups.attached = await made.group('attached', scene.ssh, closed.vpcId);
  await made.instance(groups.attached, closed.subnetId);
  const narrow = await made.vpc('198.51.100.0/24');
  groups.unknown = await made.group('unknown', scene.ssh, narrow.vpcId);
  await made.elasticAddress(await made.instance(groups.unknown, narrow.subnetId));
}

async function buildBlocked() {
  const made = scene.builder(sandbox, payments);
  const mode = { InternetGatewayBlockMode: 'block-bidirectional' } as const;
  await made.ec2.send(new ModifyVpcBlockPublicAccessOptionsCommand(mode));
  groups.blocked = await made.group('blocked', scene.ssh);
  await made.instance(groups.blocked);
}

/** A VPC of one account that another one has an instance in. */
async function buildShared() {
  const { vpcId, subnetId } = await scene.builder(sandbox, shopDevelopment).vpc('0.0.0.0/0');
  await sandbox.shareSubnet({
    accountId: shopDevelopment,
    region,
    subnetId,
    accounts: [paymentsDevelopment],
  });
  const made = scene.builder(sandbox, paymentsDevelopment);
  groups.shared = await made.group('shared', scene.ssh, vpcId);
  await made.elasticAddress(await made.instance(groups.shared, subnetId));
}

async function denyOneCell() {
  const Statement = {
    ...{ Effect: 'Deny', Action: 'ec2:DescribeSecurityGroups', Resource: '*' },
    Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-central-1' } },
  };
  await new IAMClient(sandbox.root(playground)).send(
    new PutRolePolicyCommand({
      ...{ RoleName: 'OrganizationAccountAccessRole', PolicyName: 'denied' },
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
    }),
  );
}

const portcullis = (args: string[], more: Record<string, string> = {}) =>
  run(args, { HOME: directory, ...credentials, ...more });
const sweepLines = (args: string[] = [], more: Record<string, string> = {}) =>
  runLines(args, { HOME: directory, ...credentials, ...more });

describe('a sweep of the whole organization', () => {
  test('finds every open group with its exposure, each once, and says what was not checked', async () => {
    const { exit, errors, of } = await sweepLines();
    expect(errors).toBe('');
    const levels = of('finding').map(({ groupId, exposure }) => [groupId, exposure.level]);
    expect(Object.fromEntries(levels)).toEqual({
      [groups.reachable as string]: 'reachable',
      [groups.shared as string]: 'reachable',
      [groups.unknown as string]: 'unknown',
      [groups.attached as string]: 'attached',
      [groups.blocked as string]: 'attached',
      [groups.unattached as string]: 'unattached',
    });
    expect(levels).toHaveLength(6);
    const shared = of('finding').find(({ groupId }) => groupId === groups.shared);
    expect(shared).toMatchObject({ accountId: paymentsDevelopment });
    expect(of('not-checked')).toEqual([
      expect.objectContaining({
        ...{ accountId: playground, region: 'eu-central-1' },
        reason: expect.stringMatching(/UnauthorizedOperation.*docs\/sweep-policy\.json/),
      }),
    ]);
    expect(of('summary')).toMatchObject([
      { accounts: 8, inactiveAccounts: 1, cells: 26, counts: { open: 6, notChecked: 1, cellsChecked: 25 } },
    ]);
    expect(of('note')).toEqual([]);
    expect(exit).toBe(4);
  });

  test('a finding has rule id, owner and who opened it', async () => {
    const { of, exit } = await sweepLines(['--account', shop, '--region', region]);
    expect(of('finding').find(({ groupId }) => groupId === groups.reachable)).toMatchObject({
      ...{
        accountName: 'shop',
        region,
        ruleId: expect.stringMatching(/^sgr-/),
        ingress: 'tcp 22 22 0.0.0.0/0',
      },
      owner: { by: 'group-tag', tag: 'Owner', value: '<b>web</b>' },
      openedBy: { principal: `arn:aws:iam::${shop}:root`, eventTime: expect.any(String) },
    });
    expect(exit).toBe(3);
  });

  test('throttled it finds the same', async () => {
    const calm = await sweepLines();
    sandbox.faults.set({
      seed: 7,
      rates: { throttle: 0.3 },
      only: [{ service: 'ec2' }, { service: 'cloudtrail' }],
    });
    const throttled = await sweepLines();
    const { struck } = sandbox.faults.counts();
    sandbox.faults.set(undefined);
    expect(struck.throttle).toBeGreaterThan(10);
    const kept = (lines: Line[]) => lines.filter(({ type }) => type !== 'summary');
    expect(kept(throttled.lines)).toEqual(kept(calm.lines));
  });
});

describe('the formats', () => {
  test('a table begins with the counts', async () => {
    const { exit, output } = await portcullis([
      'sweep',
      '--standalone',
      '--account',
      shop,
      '--region',
      region,
    ]);
    expect(output).toMatch(
      /^Checked 1 of 1 cell .* in 1 account, 7 security groups\nForbidden by the policy: 4 rules in 1 account\nBy exposure: 1 reachable/,
    );
    expect(output).toMatch(
      /reachable +critical +300000000001 \(shop\) +eu-west-1 +sg-\w+ \(=cmd\|calc\) +tcp\/22\/0\.0\.0\.0\/0/,
    );
    expect(exit).toBe(3);
  });

  test('CSV holds no formula', async () => {
    const { output } = await portcullis(['sweep', '--standalone', '--format', 'csv']);
    const lines = output.trimEnd().split('\r\n');
    expect(lines).toHaveLength(1 + 6 + 1);
    expect(output).toContain(",'=cmd|calc,");
    expect(output).not.toMatch(/(^|,)"?[=+@-]/m);
    expect(lines.at(-1)).toMatch(/^not-checked,playground,,,,300000000005,eu-central-1,/);
  });

  test('HTML goes to a file as one page, with names escaped, and nothing is left beside it', async () => {
    const file = join(directory, 'report.html');
    const args = ['sweep', '--standalone', '--format', 'html', '--output', file];
    const { exit, output } = await portcullis(args);
    expect({ exit, output }).toEqual({ exit: 4, output: '' });
    const page = await readFile(file, 'utf8');
    expect(page).toContain('&lt;b&gt;web&lt;/b&gt;');
    expect(page).not.toMatch(/<b>|<script|https?:\/\/|src=/);
    expect(page).toMatch(/<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;/);
    expect(await readdir(directory)).toEqual(['report.html']);
  });
});

describe('the scope', () => {
  test('one account without rights in Organizations needs none', async () => {
    const { Statement, ...rest } = await scene.document('sweep-policy.json');
    const own = Statement.filter(({ Sid }) => Sid.startsWith('ReadEach'));
    const alone = await scene.makeUser(sandbox, 'alone', { ...rest, Statement: own });
    const { exit, of } = await sweepLines(['--account', management], alone);
    expect(of('summary')).toMatchObject([
      { organizationId: null, accounts: 1, counts: { notChecked: 0, open: 0 } },
    ]);
    expect(exit).toBe(0);
    const refused = await sweepLines([], alone);
    expect(refused.exit).toBe(1);
    expect(refused.errors).toMatch(
      /AWS Organizations cannot be read: .*docs\/sweep-policy\.json.*--account 111111111111/,
    );
    expect(refused.errors.trim().split('\n')).toHaveLength(1);
  });

  test('a Region or account that the organization does not have is an error', async () => {
    const wrongRegion = await sweepLines(['--account', shop, '--region', 'eu-west-9']);
    expect(wrongRegion).toMatchObject({
      exit: 1,
      errors: expect.stringContaining('eu-west-9 is not enabled'),
    });
    const wrongAccount = await sweepLines(['--account', '999999999999']);
    expect(wrongAccount).toMatchObject({
      exit: 1,
      errors: expect.stringContaining('999999999999 is not in'),
    });
  });

  test('an account that cannot be entered is not checked, in every Region', async () => {
    const { exit, of } = await sweepLines(['--account', shop], { PORTCULLIS_ACCESS_ROLE: 'no-such-role' });
    expect(of('not-checked')).toEqual([
      expect.objectContaining({
        accountId: shop,
        region: null,
        reason: expect.stringContaining('no-such-role'),
      }),
    ]);
    expect(exit).toBe(4);
  });

  test.each([
    [['--format', 'pdf'], /--format must not be pdf/],
    [['--account', '12'], /--account: must be a 12-digit account id/],
    [['--output', '/no/such/directory/report'], /--output .* cannot be written/],
  ])('%s is refused before anything is read', async (args, message) => {
    const { exit, errors } = await portcullis(['sweep', '--standalone', ...args]);
    expect(errors).toMatch(message);
    expect(exit).toBe(2);
  });
});
