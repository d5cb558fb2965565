import { ModifyVpcBlockPublicAccessOptionsCommand } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { runLines } from './command.ts';
import * as scene from './scene.ts';

const { shop, region, management } = scene;
const RoleName = 'portcullis-sweep';
type Document = Awaited<ReturnType<typeof scene.document>>;

let sandbox: Sandbox;
let credentials: Record<string, string>;
/** What the caller has, and what the access role has: the statements `ReadEach…`. */
let caller: Document;
let role: Document;

const only = ({ Statement, ...rest }: Document, wanted: (sid: string) => boolean): Document => ({
  ...rest,
  Statement: Statement.filter(({ Sid }) => wanted(Sid)),
});
const without = ({ Statement, ...rest }: Document, action: string): Document => ({
  ...rest,
  Statement: Statement.map((one) => ({
    ...one,
    Action: [one.Action].flat().filter((each) => each !== action),
  })).filter(({ Action }) => Action.length > 0),
});
const setRole = (document: Document) =>
  new IAMClient(sandbox.root(shop)).send(
    new PutRolePolicyCommand({ RoleName, PolicyName: 'sweep', PolicyDocument: JSON.stringify(document) }),
  );

beforeAll(async () => {
  sandbox = await startSandbox();
  const document = await scene.document('sweep-policy.json');
  role = only(document, (sid) => sid.startsWith('ReadEach'));
  // Of the role that the test makes, where the document names the default one.
  const named = JSON.parse(
    JSON.stringify(document).replace('OrganizationAccountAccessRole', RoleName),
  ) as Document;
  caller = only(named, (sid) => !sid.startsWith('ReadEach'));
  credentials = await scene.makeUser(sandbox, 'sweep', caller);
  const trust = {
    ...{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${management}:root` }, Action: 'sts:AssumeRole' },
    Condition: { StringEquals: { 'sts:ExternalId': 'first-look' } },
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: trust });
  await new IAMClient(sandbox.root(shop)).send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  await setRole(role);
  await buildShop();
});
afterAll(() => sandbox?.stop());

/** A group on a public address that Block Public Access blocks, and a rule with a prefix list: every call is made. */
async function buildShop() {
  const made = scene.builder(sandbox, shop);
  await made.instance(await made.group('open', scene.ssh));
  const PrefixListId = await made.prefixList('0.0.0.0/0');
  const listed = { IpProtocol: 'tcp', FromPort: 3389, ToPort: 3389, PrefixListIds: [{ PrefixListId }] };
  await made.group('listed', listed);
  const mode = { InternetGatewayBlockMode: 'block-ingress' } as const;
  await made.ec2.send(new ModifyVpcBlockPublicAccessOptionsCommand(mode));
  await sandbox.idle();
}

async function sweep() {
  const access = { PORTCULLIS_ACCESS_ROLE: RoleName, PORTCULLIS_EXTERNAL_ID: 'first-look' };
  const { exit, lines, of } = await runLines(['--account', shop, '--region', region], {
    ...credentials,
    ...access,
  });
  return { exit, seen: lines.filter(({ type }) => type !== 'summary'), notes: of('note') };
}

/** Only where the list of accounts and the tree of units differ, because an account moves meanwhile. */
const racesOnly = ['organizations:DescribeAccount', 'organizations:ListParents'];

describe('docs/sweep-policy.json', () => {
  test('is enough', async () => {
    const { exit, seen, notes } = await sweep();
    expect(seen).toMatchObject([
      {
        type: 'finding',
        policyRule: 'admin-ports',
        exposure: { level: 'attached' },
        owner: { by: 'principal' },
      },
      { type: 'finding', source: expect.stringMatching(/^pl-/), exposure: { level: 'unattached' } },
    ]);
    expect(notes).toEqual([]);
    expect(exit).toBe(3);
  });

  test('has no action that nothing needs, for the caller or in the accounts', async () => {
    const whole = await sweep();
    const needless: string[] = [];
    const same = async (action: string) => {
      const { exit, seen } = await sweep();
      if (exit === whole.exit && JSON.stringify(seen) === JSON.stringify(whole.seen)) needless.push(action);
    };
    for (const action of caller.Statement.flatMap(({ Action }) => Action)) {
      await scene.setUserPolicy(sandbox, 'sweep', without(caller, action));
      await same(action);
    }
    await scene.setUserPolicy(sandbox, 'sweep', caller);
    for (const action of role.Statement.flatMap(({ Action }) => Action)) {
      await setRole(without(role, action));
      await same(action);
    }
    await setRole(role);
    expect(needless.sort()).toEqual(racesOnly);
  }, 180_000);

  test('names every action', async () => {
    const { Statement } = await scene.document('sweep-policy.json');
    const actions = Statement.flatMap(({ Action }) => Action);
    expect(
      actions.filter((action) => !/^[a-z0-9]+:(Describe|Get|List|Lookup|AssumeRole)\w*$/.test(action)),
    ).toEqual([]);
  });
});
