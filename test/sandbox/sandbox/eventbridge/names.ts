/** Where the delivery path runs, and what its parts are called. */

export const member = '300000000002';
export const hub = '222222222222';
export const memberRegion = 'eu-central-1';
export const hubRegion = 'eu-west-1';

export const memberRule = `arn:aws:events:${memberRegion}:${member}:rule/forward`;
export const orgBus = `arn:aws:events:${hubRegion}:${hub}:event-bus/org`;
export const hubRule = `arn:aws:events:${hubRegion}:${hub}:rule/org/act`;
export const forwarder = `arn:aws:iam::${member}:role/forwarder`;
export const actor = `arn:aws:lambda:${hubRegion}:${hub}:function:actor`;
export const actorRole = `arn:aws:iam::${hub}:role/actor`;
const queueArn = (account: string, region: string, name: string) =>
  `arn:aws:sqs:${region}:${account}:${name}`;
export const inbox = queueArn(hub, hubRegion, 'inbox');
export const hubDead = queueArn(hub, hubRegion, 'dead');
export const memberDead = queueArn(member, memberRegion, 'dead');

export const pattern = { source: ['aws.ec2'], 'detail-type': ['AWS API Call via CloudTrail'] };
