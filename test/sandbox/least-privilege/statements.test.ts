import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { World } from '../../../sandbox/demo/world.ts';
import {
  controlPlanePolicy,
  type Document,
  deployedWorld,
  deployerPolicy,
  hub,
  management,
  member,
  permitControlPlane,
  permitDeployer,
} from '../../worlds/least-privilege.ts';
import { deployedResources, maintain, providerIn, refusals } from './calls.ts';

let world: World;

beforeAll(async () => {
  world = await deployedWorld();
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION']) {
    vi.stubEnv(name, world.environment[name]);
  }
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await world?.stop();
});

const actionsOf = (document: Document, sid?: string): string[] =>
  document.Statement.filter(({ Sid }) => sid === undefined || Sid === sid).flatMap(({ Action }) => Action);
const sids = (document: Document) => document.Statement.map(({ Sid }) => Sid);

const documents = [
  ['docs/deployer-policy.json and docs/deployer-hub-policy.json', deployerPolicy],
  ['docs/control-plane-policy.json', controlPlanePolicy],
] as const;

/** They take no resource. Source: "Actions, resources, and condition keys for Amazon EventBridge". */
const busPolicy = /^events:(Put|Remove)Permission$/;

describe.each(documents)('%s', (_, document) => {
  it('names every action, and every resource but those of calls that take none', () => {
    expect(actionsOf(document).filter((action) => action.includes('*'))).toEqual([]);
    // Of event source mappings, whose ids AWS makes up, the condition names the one function.
    const ofTheFunction = {
      ArnLike: { 'lambda:FunctionArn': expect.stringMatching(/:function:portcullis-\w+$/) },
    };
    for (const { Resource, Action, Condition } of document.Statement) {
      const changing = [Action]
        .flat()
        .filter((action) => !/:(Describe|List|Get)/.test(action) && !busPolicy.test(action));
      if (Resource !== '*' || changing.length === 0) continue;
      expect(changing.filter((action) => !/^lambda:\w+EventSourceMapping$/.test(action))).toEqual([]);
      expect(Condition).toEqual(ofTheFunction);
    }
  });
});

/** Actions that are no call of the provider: the control plane makes them, or IAM checks them on another call. */
const ownCalls =
  /^(ec2|cloudtrail):|^sqs:(Receive|Delete)Message$|^iam:PassRole$|^events:PutEvents$|^sns:Publish$|^lambda:GetAccountSettings$/;

/** Records the calls made through the provider's clients, as IAM names them. */
async function recorded(aws: ReturnType<ReturnType<typeof providerIn>>): Promise<Set<string>> {
  const calls = new Set<string>();
  const services = ['cloudwatch', 'dynamodb', 'events', 'iam', 'lambda', 'logs', 'sqs'] as const;
  for (const service of services) {
    const client = (await aws[service]()) as Awaited<ReturnType<typeof aws.iam>>;
    client.middlewareStack.add(
      (next, context) => (args) => {
        calls.add(`${service}:${context.commandName?.replace(/Command$/, '')}`);
        return next(args);
      },
      { step: 'initialize', name: 'record' },
    );
  }
  return calls;
}

describe('the access role of the hub', () => {
  it('is refused nothing that the control plane does there', async () => {
    expect(await refusals(world, hub.accountId)).toEqual([]);
  });

  it.each(sids(deployerPolicy))('without %s is refused what that permits, and only that', async (sid) => {
    await permitDeployer(world, hub.accountId, sid);
    const refused = await refusals(world, hub.accountId);
    await permitDeployer(world, hub.accountId);
    expect(refused).not.toEqual([]);
    expect(actionsOf(deployerPolicy, sid)).toEqual(expect.arrayContaining(refused));
  });

  it('makes, keeps and removes every resource with the calls of its policy, all of them', async () => {
    const aws = providerIn(hub.accountId)(hub.region);
    const calls = await recorded(aws);
    // Those of the hub Region: the service onboards every Region automatically.
    const deployed = (await deployedResources(world, hub.accountId)).filter(
      ({ outputs }) => typeof outputs.region !== 'string' || outputs.region === hub.region,
    );
    for (const each of deployed) expect(await maintain(each, aws)).toEqual([]);
    for (const { resource, outputs } of deployed.toReversed()) await resource.delete(aws, outputs);
    const again: typeof deployed = [];
    for (const { type, resource, inputs, outputs } of deployed) {
      const id = await resource.create(aws, inputs);
      await resource.finish?.(aws, inputs, id);
      // AWS makes up another id for an event source mapping.
      const known = { ...outputs, ...resource.parse(id) };
      again.push({ type, resource, inputs, outputs: { ...known, ...(await resource.read(aws, known)) } });
    }
    for (const each of again) expect(await maintain(each, aws)).toEqual([]);
    const permitted = actionsOf(deployerPolicy).filter((action) => !ownCalls.test(action));
    expect([...calls].sort()).toEqual([...new Set(permitted)].sort());
  });
});

describe("the control plane's user in the management account", () => {
  it('is refused nothing that the control plane does there', async () => {
    expect(await refusals(world, management)).toEqual([]);
  });

  it.each(sids(controlPlanePolicy))('without %s is refused what that permits, and only that', async (sid) => {
    await permitControlPlane(world, sid);
    const refused = await refusals(world, management);
    await permitControlPlane(world);
    expect(refused).not.toEqual([]);
    expect(actionsOf(controlPlanePolicy, sid)).toEqual(expect.arrayContaining(refused));
  });
});

describe('a reconcile', () => {
  const scope = ['--account', member.accountId, '--region', member.region];

  it('whose access role lacks a statement fails, naming the refused action', async () => {
    await permitDeployer(world, member.accountId, 'MakeTheForwardingRules');
    const { exit, output } = await world.controlPlane.cli(['reconcile', ...scope]);
    await permitDeployer(world, member.accountId);
    expect(exit).toBe(1);
    expect(output).toMatch(/region-300000000001-eu-west-1.*not authorized to perform: events:/s);
  });

  it('of a control plane that may not list the organization fails, naming the refused action', async () => {
    await permitControlPlane(world, 'ReadTheOrganization');
    const { exit, output } = await world.controlPlane.cli(['reconcile', ...scope]);
    await permitControlPlane(world);
    expect(exit).toBe(1);
    expect(output).toMatch(/not authorized to perform: organizations:/);
  });
});
