import { describe, expect } from 'vitest';
import type { Outcome } from '../../../../../lambda/contract/result.ts';
import { placeInStorm } from '../../../../../lambda/notify/slack/storm.ts';
import { memoryLedger } from '../../../../worlds/memory-cloud.ts';
import { remediation } from '../../../../worlds/remediation-sample.ts';
import { slackTest as it } from './world.ts';

const result = (outcome: Outcome, group: number, account = '300000000001') =>
  remediation({ outcome, account, groupId: `sg-${group}` });

/** What happened to each of so many messages of one minute, in order. */
async function places(count: number, urgent: boolean): Promise<Map<number, string>> {
  const now = new Date('2026-03-02T09:15:10Z');
  const ledger = memoryLedger(() => now);
  const sent = new Map<number, string>();
  for (let number = 1; number <= count; number += 1) {
    const { say } = await placeInStorm(ledger, urgent, now);
    if (say !== 'nothing') sent.set(number, say);
  }
  return sent;
}

describe('a minute with many messages', () => {
  it('has ten messages one by one, and the count at 11, 50, 100, 500, 1,000 and so on', async () => {
    const sent = await places(6_000, false);
    expect([...sent].filter(([, say]) => say === 'it').map(([number]) => number)).toEqual(
      Array.from({ length: 10 }, (_, index) => index + 1),
    );
    const numbers = [...sent].filter(([, say]) => say === 'count').map(([number]) => number);
    expect(numbers).toEqual([11, 50, 100, 500, 1_000, 5_000]);
  });

  it('has sixty urgent messages one by one, and then the count', async () => {
    const sent = await places(1_200, true);
    expect([...sent.values()].filter((say) => say === 'it')).toHaveLength(60);
    const numbers = [...sent].filter(([, say]) => say === 'count').map(([number]) => number);
    expect(numbers).toEqual([61, 100, 500, 1_000]);
  });

  it('is counted over the whole organization, over concurrent invocations too', async ({ world }) => {
    const reported = await Promise.all(
      Array.from({ length: 120 }, (_, group) =>
        world.slack.notify(result('remediated', group, `3000000000${10 + (group % 80)}`)),
      ),
    );
    const statuses = Object.groupBy(reported, ({ status }) => status);
    expect(statuses.sent).toHaveLength(10);
    expect(statuses.folded).toHaveLength(110);
    expect(world.receiver.received).toHaveLength(13);
    const folds = world.posts().filter(({ text }) => text.startsWith('Many findings'));
    expect(folds.map(({ text }) => text).sort()).toEqual([
      'Many findings: 100 within a minute. Further messages of this minute are folded.',
      'Many findings: 11 within a minute. Further messages of this minute are folded.',
      'Many findings: 50 within a minute. Further messages of this minute are folded.',
    ]);
    expect(JSON.stringify(folds)).toContain('portcullis remediations');
    expect(folds.every(({ thread_ts }) => thread_ts === undefined)).toBe(true);
  });

  it('folds no message about ingress that is still open, and the next minute starts at zero', async ({
    world,
  }) => {
    for (let group = 0; group < 20; group += 1) await world.slack.notify(result('remediated', group));
    expect(await world.slack.notify(result('remediated', 20))).toEqual({ status: 'folded' });
    for (const outcome of ['escalated', 'failed', 'access-denied'] as const)
      expect(await world.slack.notify(result(outcome, 21))).toEqual({ status: 'sent' });
    world.time += 60_000;
    expect(await world.slack.notify(result('remediated', 22))).toEqual({ status: 'sent' });
  });

  it('reports a failure when the message for many is refused', async ({ world }) => {
    for (let group = 0; group < 10; group += 1) await world.slack.notify(result('remediated', group));
    world.receiver.answer({ status: 403, body: 'action_prohibited' });
    expect(await world.slack.notify(result('remediated', 11))).toMatchObject({ status: 'failed' });
  });
});
