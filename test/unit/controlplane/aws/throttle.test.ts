import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import { DescribeOrganizationCommand, ListRootsCommand } from '@aws-sdk/client-organizations';
import { afterEach, describe, expect, test } from 'vitest';
import { awsClients } from '../../../../controlplane/aws/clients.ts';
import { type CalledIn, cancellable, throttle } from '../../../../controlplane/aws/throttle.ts';
import {
  assumed,
  ec2Error,
  identity,
  jsonError,
  type LoopbackAnswer,
  type LoopbackCall,
  regions,
  startLoopback,
} from '../../../worlds/aws-loopback.ts';

const settings = { hub: { accountId: '222222222222', region: 'eu-west-1' }, accessRole: 'Access' };
const own = 'arn:aws:iam::111111111111:user/portcullis';
const member = '300000000001';

let stop = () => {};
afterEach(() => stop());

async function start(answer: (call: LoopbackCall) => LoopbackAnswer | undefined) {
  const loopback = await startLoopback((call) => {
    const own_ = answer(call);
    if (own_) return own_;
    if (call.action === 'GetCallerIdentity') return { status: 200, body: identity(own) };
    if (call.action === 'AssumeRole') return { status: 200, body: assumed('assumed') };
    if (call.action === 'DescribeRegions') return regions('eu-west-1');
    return { status: 200, body: '{}' };
  });
  stop = loopback.stop;
  const throttled: string[] = [];
  const aws = awsClients(settings, { onThrottle: (...which) => throttled.push(which.join(' ')) });
  return { ...loopback, aws, throttled };
}

/** Lets so many calls of an action through in a second, and refuses the rest, as AWS does. */
function limited(action: string, perSecond: number, refusal: LoopbackAnswer) {
  let tokens = perSecond;
  let at = Date.now();
  return (call: LoopbackCall): LoopbackAnswer | undefined => {
    if (call.action !== action) return undefined;
    tokens = Math.min(perSecond, tokens + ((Date.now() - at) / 1_000) * perSecond);
    at = Date.now();
    if (tokens < 1) return refusal;
    tokens -= 1;
    return undefined;
  };
}

describe('an API that throttles', () => {
  test('is called at the rate that it bears, and every call succeeds', async () => {
    const { aws, calls, throttled } = await start(
      limited('DescribeRegions', 8, ec2Error('RequestLimitExceeded', 503)),
    );
    const ec2 = await aws.ec2(member, 'eu-west-1');
    await Promise.all(Array.from({ length: 40 }, () => ec2.send(new DescribeRegionsCommand({}))));
    const refusals = calls.filter(({ action }) => action === 'DescribeRegions').length - 40;
    expect(throttled.length).toBe(refusals);
    expect(new Set(throttled)).toEqual(new Set(['EC2 DescribeRegions account']));
  });

  test('is reported with its service, operation and scope', async () => {
    let refused = false;
    const { aws, throttled } = await start(({ action }) => {
      if (action !== 'ListRoots' || refused) return undefined;
      refused = true;
      return jsonError('TooManyRequestsException');
    });
    await (await aws.organizations()).send(new ListRootsCommand({}));
    expect(throttled).toEqual(['Organizations ListRoots organization']);
  });

  test('holds back neither another API nor another account', async () => {
    const { aws } = await start(({ action, accessKeyId }) =>
      action === 'DescribeRegions' && accessKeyId === 'busy'
        ? ec2Error('RequestLimitExceeded', 503)
        : action === 'AssumeRole'
          ? { status: 200, body: assumed('busy') }
          : undefined,
    );
    const ending = new AbortController();
    const ec2 = await aws.ec2(member, 'eu-west-1');
    const busy = cancellable(ending.signal, () =>
      ec2.send(new DescribeRegionsCommand({})).catch(() => 'busy'),
    );
    const began = Date.now();
    await (await aws.ec2('111111111111', 'eu-west-1')).send(new DescribeRegionsCommand({}));
    await (await aws.organizations()).send(new DescribeOrganizationCommand({}));
    expect(Date.now() - began).toBeLessThan(1_000);
    ending.abort();
    await busy;
  });
});

describe('calls within the quotas', () => {
  test('of the organization are few a second, whichever way they come', async () => {
    const { aws, calls, throttled } = await start(() => undefined);
    const organizations = await aws.organizations();
    await Promise.all(Array.from({ length: 8 }, () => organizations.send(new ListRootsCommand({}))));
    const [first, ...rest] = calls.filter(({ action }) => action === 'ListRoots');
    expect(rest).toHaveLength(7);
    expect((rest.at(-1)?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1_500);
    expect(throttled).toEqual([]);
  });

  test('are signed when they are sent, not when they began to wait', async () => {
    const { aws, calls } = await start(() => undefined);
    const organizations = await aws.organizations();
    await Promise.all(Array.from({ length: 9 }, () => organizations.send(new ListRootsCommand({}))));
    const signed = calls.map(({ signedAt }) => signedAt);
    // The last of them waited for more than two seconds; a signature has the second.
    expect(Math.max(...signed) - Math.min(...signed)).toBeGreaterThanOrEqual(1_000);
  });

  test('wait no longer once their lease is lost', async () => {
    const { aws, count } = await start(() => undefined);
    const organizations = await aws.organizations();
    const ending = new AbortController();
    const asked = cancellable(ending.signal, () =>
      Promise.allSettled(Array.from({ length: 20 }, () => organizations.send(new ListRootsCommand({})))),
    );
    setTimeout(() => ending.abort(new Error('the lease is lost')), 300);
    const ended = await asked;
    expect(ended.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(10);
    expect(count('ListRoots')).toBeLessThan(10);
  });
});

test('of several workers each takes its part of what the organization shares', async () => {
  const { aws, calls } = await start(() => undefined);
  aws.share(4);
  const organizations = await aws.organizations();
  await Promise.all(Array.from({ length: 4 }, () => organizations.send(new ListRootsCommand({}))));
  const at = calls.filter(({ action }) => action === 'ListRoots').map((call) => call.at);
  // One of a burst of four at once, and the others at a quarter of two a second.
  expect(Math.max(...at) - Math.min(...at)).toBeGreaterThan(5_000);
  expect(Math.max(...at) - Math.min(...at)).toBeLessThan(12_000);
});

test('callers that wait for the organization keep their order while thousands of other quotas are used', async () => {
  const { plugin } = throttle();
  const call = (clientName: string, commandName: string, where: CalledIn) =>
    new Promise<void>((resolve) => {
      const stack = {
        addRelativeTo: (middleware: (next: () => Promise<void>, context: object) => () => Promise<void>) =>
          void middleware(async () => {}, { clientName, commandName })().then(resolve),
      };
      plugin(where).applyToStack(stack as never);
    });
  const served: string[] = [];
  const listRoots = (name: string) =>
    call('OrganizationsClient', 'ListRootsCommand', { accountId: 'own', region: 'us-east-1' }).then(
      () => void served.push(name),
    );
  await Promise.all(Array.from({ length: 4 }, () => listRoots('burst')));
  const earlier = listRoots('earlier');
  await Promise.all(
    Array.from({ length: 2_001 }, (_, account) =>
      call('EC2Client', 'DescribeRegionsCommand', { accountId: String(account), region: 'eu-west-1' }),
    ),
  );
  await Promise.all([earlier, listRoots('later')]);
  expect(served.slice(4)).toEqual(['earlier', 'later']);
});
