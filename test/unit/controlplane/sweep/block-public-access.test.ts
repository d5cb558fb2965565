import type { VpcBlockPublicAccessExclusion, VpcBlockPublicAccessOptions } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { blockPublicAccess, isInboundBlocked } from '../../../../controlplane/sweep/block-public-access.ts';

const place = { subnetId: 'subnet-1', vpcId: 'vpc-1' };
const of = (resource: string, more: VpcBlockPublicAccessExclusion = {}): VpcBlockPublicAccessExclusion => ({
  ExclusionId: 'vpcbpa-exclude-1',
  ResourceArn: `arn:aws:ec2:eu-west-1:111111111111:${resource}`,
  InternetGatewayExclusionMode: 'allow-bidirectional',
  State: 'create-complete',
  ...more,
});
const answer = (options: VpcBlockPublicAccessOptions, exclusions: VpcBlockPublicAccessExclusion[] = []) =>
  isInboundBlocked(blockPublicAccess(options, exclusions), place).answer;

describe('VPC Block Public Access', () => {
  test.each(['block-ingress', 'block-bidirectional'] as const)('%s blocks', (mode) => {
    expect(answer({ InternetGatewayBlockMode: mode, State: 'update-complete' })).toBe('yes');
  });

  test('off blocks nothing', () => {
    expect(answer({ InternetGatewayBlockMode: 'off', State: 'default-state' })).toBe('no');
  });

  test('options without a mode are in doubt', () => {
    expect(answer({})).toBe('unknown');
  });

  test('a mode that is not known is in doubt', () => {
    expect(answer({ InternetGatewayBlockMode: 'block-some' as 'off' })).toBe('unknown');
  });

  test.each(['off', 'block-ingress'] as const)('a change from or to %s under way is in doubt', (mode) => {
    expect(answer({ InternetGatewayBlockMode: mode, State: 'update-in-progress' })).toBe('unknown');
  });

  test('exclusions that could not be read are in doubt', () => {
    const options = { InternetGatewayBlockMode: 'block-ingress' } as const;
    const blocked = isInboundBlocked(blockPublicAccess(options, { unread: 'denied' }), place);
    expect(blocked).toEqual({ answer: 'unknown', why: 'denied' });
  });
});

describe('exclusions', () => {
  const blocked = { InternetGatewayBlockMode: 'block-bidirectional', State: 'update-complete' } as const;

  test.each<[string, VpcBlockPublicAccessExclusion[], string]>([
    ['of the VPC', [of('vpc/vpc-1')], 'no'],
    ['of the subnet', [of('subnet/subnet-1')], 'no'],
    ['of another VPC', [of('vpc/vpc-2')], 'yes'],
    ['of another subnet', [of('subnet/subnet-2')], 'yes'],
    ['for egress only', [of('vpc/vpc-1', { InternetGatewayExclusionMode: 'allow-egress' })], 'yes'],
    ['updated', [of('vpc/vpc-1', { State: 'update-complete' })], 'no'],
    ['deleted', [of('vpc/vpc-1', { State: 'delete-complete' })], 'yes'],
    ['failed to be created', [of('vpc/vpc-1', { State: 'create-failed' })], 'yes'],
    ['disabled by the organization', [of('vpc/vpc-1', { State: 'disable-complete' })], 'yes'],
    ['being created', [of('vpc/vpc-1', { State: 'create-in-progress' })], 'unknown'],
    ['being deleted', [of('vpc/vpc-1', { State: 'delete-in-progress' })], 'unknown'],
    ['failed to be updated', [of('vpc/vpc-1', { State: 'update-failed' })], 'unknown'],
    ['without a state', [of('vpc/vpc-1', { State: undefined })], 'unknown'],
    ['of an unknown mode', [of('vpc/vpc-1', { InternetGatewayExclusionMode: undefined })], 'unknown'],
    [
      'of VPC and subnet that differ',
      [of('vpc/vpc-1'), of('subnet/subnet-1', { InternetGatewayExclusionMode: 'allow-egress' })],
      'unknown',
    ],
    ['of another VPC that is changing', [of('vpc/vpc-2', { State: 'update-in-progress' })], 'yes'],
  ])('%s', (_, exclusions, expected) => {
    expect(answer(blocked, exclusions)).toBe(expected);
  });
});
