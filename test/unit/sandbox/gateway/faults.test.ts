import { describe, expect, test } from 'vitest';
import type { Answer, Call, Identity } from '../../../../sandbox/gateway/call.ts';
import { type FaultPlan, faults, HangUp } from '../../../../sandbox/gateway/faults.ts';

const call = (more: Partial<Call> = {}): Call => ({
  service: 'ec2',
  region: 'eu-west-1',
  accessKeyId: 'AKIA1',
  accountId: '300000000001',
  action: 'DescribeRegions',
  method: 'POST',
  path: '/',
  headers: {},
  sourceAddress: '127.0.0.1',
  body: Buffer.alloc(0),
  parameters: {},
  ...more,
});
const user: Identity = {
  accountId: '300000000001',
  arn: 'arn:aws:iam::1:user/one',
  userId: 'u',
  type: 'User',
};
const fine: Answer = { status: 200, headers: {}, body: Buffer.from('fine') };
const carryOut = async () => fine;

/** The result of each call in turn: `fine`, a status, or `hung up`. */
async function outcomes(plan: FaultPlan, calls: Call[]): Promise<string[]> {
  const struck = faults();
  struck.set(plan);
  const seen: string[] = [];
  for (const one of calls) {
    const outcome = await struck.around(one, user, carryOut).then(
      (answer) => (answer === fine ? 'fine' : String(answer.status)),
      (error: unknown) => (error instanceof HangUp ? 'hung up' : String(error)),
    );
    seen.push(outcome);
  }
  return seen;
}

describe('faults', () => {
  const plan: FaultPlan = { seed: 3, rates: { throttle: 0.2, reset: 0.2 } };
  const two = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      call({ region: ['eu-west-1', 'us-east-1'][index % 2] as string }),
    );

  test("the same seed gives faults to the same calls, in any order of the Regions' calls", async () => {
    const interleaved = await outcomes(plan, two(200));
    const [first, second] = [0, 1].map((odd) => two(200).filter((_, index) => index % 2 === odd));
    const oneAfterTheOther = await outcomes(plan, [...(first as Call[]), ...(second as Call[])]);
    const [even, odd] = [0, 1].map((rest) => interleaved.filter((_, index) => index % 2 === rest));
    expect(oneAfterTheOther).toEqual([...(even as string[]), ...(odd as string[])]);
    expect(await outcomes({ ...plan, seed: 4 }, two(200))).not.toEqual(interleaved);
  });

  test('the rates are kept', async () => {
    const seen = await outcomes(
      plan,
      Array.from({ length: 2000 }, () => call()),
    );
    const share = (what: string) => seen.filter((one) => one === what).length / seen.length;
    expect(share('503')).toBeGreaterThan(0.16);
    expect(share('503')).toBeLessThan(0.24);
    expect(share('hung up')).toBeGreaterThan(0.16);
    expect(share('hung up')).toBeLessThan(0.24);
  });

  test('the key of a user never expires, a session does', async () => {
    const session = call({ headers: { 'x-amz-security-token': 'token' } });
    expect(await outcomes({ seed: 1, rates: { expired: 1 } }, [call(), session])).toEqual(['fine', '400']);
  });

  test('a revoked session stays refused, calls that no draw would strike included', async () => {
    const calls = Array.from({ length: 300 }, (_, index) =>
      call({ accessKeyId: `ASIA${index % 3}`, headers: { 'x-amz-security-token': 'token' } }),
    );
    const seen = await outcomes({ seed: 1, rates: { revoked: 0.05 } }, calls);
    for (const key of [0, 1, 2]) {
      const ofKey = seen.filter((_, index) => index % 3 === key);
      const from = ofKey.indexOf('400');
      expect(from).toBeGreaterThanOrEqual(0);
      expect(new Set(ofKey.slice(from))).toEqual(new Set(['400']));
    }
  });

  test('a lost answer is of a call that was carried out, any other refusal of one that was not', async () => {
    for (const kind of ['throttle', 'unavailable', 'reset', 'lost'] as const) {
      let carriedOut = 0;
      const struck = faults();
      struck.set({ seed: 1, rates: { [kind]: 1 } });
      const counted = async () => {
        carriedOut += 1;
        return fine;
      };
      await struck.around(call(), user, counted).catch(() => undefined);
      expect([kind, carriedOut]).toEqual([kind, kind === 'lost' ? 1 : 0]);
      expect(struck.counts()).toMatchObject({ calls: 1, struck: { [kind]: 1 } });
      expect(struck.struck()).toMatchObject([{ kind, service: 'ec2', operation: 'DescribeRegions' }]);
    }
  });

  test('rates beyond 1 are refused', () => {
    expect(() => faults().set({ seed: 1, rates: { slow: 0.6, lost: 0.6 } })).toThrow('at most 1');
    expect(() => faults().set({ seed: 1, rates: { slow: -1 } })).toThrow('at least 0');
  });
});
