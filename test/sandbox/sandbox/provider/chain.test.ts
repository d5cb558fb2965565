import { SQS } from '@aws-sdk/client-sqs';
import { Queue } from '@pulumi/aws/sqs/queue.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accessTemplate, readAccessPolicy } from '../../../../controlplane/organization/access/template.ts';
import { providerFor } from '../../../../programs/provider.ts';
import { accessWorld } from '../../../worlds/access.ts';
import { type Engine, startEngine } from './engine.ts';

const own = '111111111111';
const security = '222222222222';
const member = '333333333333';
const externalId = 'portcullis-1';
const deployerRoleArn = `arn:aws:iam::${security}:role/portcullis-deployer`;
const accessRoleArn = `arn:aws:iam::${member}:role/portcullis-access`;
const name = 'portcullis-forward-dead-letter';
const region = 'eu-west-1';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(own);
  const world = accessWorld(engine.sandbox);
  const enters = world.allow('sts:AssumeRole', accessRoleArn);
  await world.createRole(security, 'portcullis-deployer', `arn:aws:iam::${own}:root`, enters);
  const defaults = { accessRole: 'portcullis-access', trusted: deployerRoleArn, externalId };
  await world.createFrom(accessTemplate(await readAccessPolicy(), defaults), member);
}, 60_000);
afterAll(() => engine?.stop());

const update = async (stack: string, place: Partial<Parameters<typeof providerFor>[0]>) => {
  const made = await engine.stack(stack, async () => {
    const provider = providerFor(
      { partition: 'aws', accountId: member, region, accessRoleArn, ...place },
      region,
    );
    new Queue(name, { name }, { provider });
  });
  return made.up();
};

it('a stack is made through the deployer role and the access role, with the external id', async () => {
  await update('through', { deployerRoleArn, externalId });
  const sqs = new SQS(engine.sandbox.root(member, region));
  const { QueueUrl } = await sqs.getQueueUrl({ QueueName: name });
  expect(QueueUrl).toContain(`/${member}/${name}`);
}, 60_000);

it.each([
  ['without the deployer role', { externalId }],
  ['without the external id', { deployerRoleArn }],
  ['with another external id', { deployerRoleArn, externalId: 'guessed' }],
  ['in another account than the role is of', { deployerRoleArn, externalId, accountId: own }],
])(
  'nothing is made %s',
  async (how, place) => {
    await expect(update(how.replaceAll(' ', '-'), place)).rejects.toThrow(
      /AccessDenied|not authorized|allowedAccountIds/,
    );
  },
  60_000,
);
