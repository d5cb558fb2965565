import { describe, expect, test } from 'vitest';
import {
  checkConcurrency,
  checkHubRegion,
  requireHubRegion,
} from '../../../../controlplane/aws/hub-checks.ts';
import { renderChecks } from '../../../../controlplane/cli/commands/doctor.ts';

const settings = { hub: { accountId: '222222222222', region: 'ap-east-1' } };

/** AWS as these checks ask it; each answer a value, or the error that is thrown. */
function asked(answers: { optIn?: string | Error; left?: number | Error }) {
  const calls: { accountId: string; region: string; input: object }[] = [];
  const client = (accountId: string, region: string, answer: object | Error) => ({
    async send({ input }: { input: object }) {
      calls.push({ accountId, region, input });
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const { optIn, left } = answers;
  const aws = {
    ownRegions: () =>
      client('own', '', optIn instanceof Error ? optIn : { Regions: [{ OptInStatus: optIn }] }),
    lambda: async (id: string, region: string) =>
      client(
        id,
        region,
        left instanceof Error ? left : { AccountLimit: { UnreservedConcurrentExecutions: left } },
      ),
  } as never;
  return { aws, calls };
}

describe('the hub Region', () => {
  test.each([
    ['opt-in-not-required', 'ok'],
    ['opted-in', 'problem'],
    ['not-opted-in', 'problem'],
  ])('with opt-in status %s is: %s', async (optIn, result) => {
    const { aws, calls } = asked({ optIn });
    expect(await checkHubRegion(aws, settings)).toMatchObject({ result });
    expect(calls).toMatchObject([{ input: { AllRegions: true, RegionNames: ['ap-east-1'] } }]);
  });

  test('that needs an opt-in is refused at the start, naming the variable and another Region', async () => {
    const refused = requireHubRegion(asked({ optIn: 'opted-in' }).aws, settings, () => undefined);
    await expect(refused).rejects.toMatchObject({
      code: 'invalid-environment',
      message: expect.stringMatching(
        /^PORTCULLIS_HUB_REGION: ap-east-1 needs an opt-in .* such as us-east-1$/,
      ),
    });
  });

  test('of which AWS says nothing is no obstacle, and the reason is reported', async () => {
    const reported: string[] = [];
    const { aws } = asked({ optIn: new Error('connect ETIMEDOUT') });
    await requireHubRegion(aws, settings, (message) => reported.push(message));
    expect(reported).toEqual([expect.stringContaining('connect ETIMEDOUT')]);
  });
});

describe("the hub account's concurrency", () => {
  test.each([
    [1000, 'ok'],
    [100, 'ok'],
    [99, 'problem'],
    [0, 'problem'],
  ])('with %i executions left is: %s', async (left, result) => {
    const { aws, calls } = asked({ left });
    expect(await checkConcurrency(aws, settings)).toMatchObject({ result });
    expect(calls).toMatchObject([{ accountId: '222222222222', region: 'ap-east-1' }]);
  });

  test('that AWS does not tell is unknown, not a problem', async () => {
    const { aws } = asked({ left: new Error('AccessDenied') });
    expect(await checkConcurrency(aws, settings)).toMatchObject({
      result: 'unknown',
      message: expect.stringContaining('AccessDenied'),
    });
  });
});

test('doctor lists problems first', () => {
  const check = (result: 'ok' | 'problem' | 'unknown') => ({ name: result, result, message: 'm' });
  expect(renderChecks([check('ok'), check('unknown'), check('problem')]).split('\n')).toEqual([
    '✘ problem: m',
    '? unknown: m',
    '✔ ok: m',
  ]);
});
