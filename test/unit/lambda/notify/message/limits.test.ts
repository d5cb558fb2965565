import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  actions,
  type Outcome,
  outcomes,
  type RemediationResult,
  type ResultFinding,
} from '../../../../../lambda/contract/result.ts';
import { announcementMessage } from '../../../../../lambda/notify/message/announcement.ts';
import { slackMessage } from '../../../../../lambda/notify/message/result.ts';
import { titleOf } from '../../../../../lambda/notify/message/title.ts';
import { stormMessage } from '../../../../../lambda/notify/slack/storm.ts';
import { announcement, remediation } from '../../../../worlds/remediation-sample.ts';
import { messageSchema, mrkdwnTexts, outsideCode } from './block-kit.ts';
import { finding } from './sample.ts';

/** The text in every field that another person wrote or a forged event could hold. */
function hostile(
  text: string,
  outcome: Outcome,
  action: ResultFinding['action'] = 'revoked',
): RemediationResult {
  const narrowed = { to: Array(40).fill(text), error: text };
  const recurrence = { times: 5, withinMinutes: 60 };
  const bad = { ruleId: text, protocol: text, source: text, policyRule: text, severity: text, message: text };
  const worst: ResultFinding = { ...finding, ...bad, why: text, error: text, action, narrowed, recurrence };
  const exceptions = Array(30).fill({ name: text, expires: text });
  return {
    ...remediation({ outcome, omitted: 7 }),
    ...{ reason: text, eventId: text, cloudTrailEventId: text, account: text, region: text },
    ...{ groupId: text, groupName: text, vpcId: text, eventName: text, policyDigest: text },
    owner: { tag: text, value: text },
    actor: { principal: text, session: text, sourceIp: text, userAgent: text, tool: text },
    findings: Array(60).fill(worst),
    undecided: Array(60).fill({ ruleId: text, reason: text }),
    excepted: Array(60).fill({ ruleId: text, policyRule: text, exceptions }),
    exceptionTag: { key: text, value: text, changedBy: text, changedAt: text, samePerson: true },
    timeline: { eventTime: text, receivedAt: '2026-03-02T09:15:09Z', revokedAt: '2026-03-02T09:15:10Z' },
  };
}

const strings: [string, string][] = [
  ['a mention of a whole channel', '<!channel> <!here> <@U123> <!subteam^S1>'],
  ['a link', '<https://evil.example/|sg-0a1b2c3d4e5f60001>'],
  ['formatting', '*PWNED* _PWNED_ ~PWNED~ *PWNED*'],
  ['emoji names', ':PWNED: :100: fd00:100:200::/40'],
  ['an end of a code span', '`PWNED` `` *PWNED* `'],
  ['a code block', '```\n*PWNED*\n```'],
  ['line breaks', 'x\n*Who*\n`root`\r\n*PWNED*\u2028*Where*\u2029> *PWNED*'],
  ['entities', '&lt;!channel&gt; &amp; &#60;!channel&#62;'],
  ['10 kB of letters', 'a'.repeat(10_000)],
  ['10 kB of words', '*PWNED* <b> '.repeat(900)],
  ['10 kB of ampersands', '&'.repeat(10_000)],
  ['10 kB of angle brackets with spaces', '< > '.repeat(2_500)],
  ['10 kB of backticks', '`'.repeat(10_000)],
  ['10 kB of emoji', '👩‍👩‍👧‍👦'.repeat(1_000)],
  ['half of a surrogate pair', `\ud83d*PWNED*\ude00`],
  ['10 kB of halves', '\ud83d'.repeat(10_000)],
  ['text that changes direction', '\u202e*PWNED*\u202c \u2066x\u2069 \u200f'],
  ['right to left', 'שלום *PWNED* مرحبا'],
  ['controls', '\u0000\u0007\u001b[31m*PWNED*\u009f\ufeff\u200b'],
  ['combining marks', `Z${'\u0301'.repeat(5_000)}`],
  ['nothing', ''],
  ['only spaces', ' \t\n '],
  ['only invisible characters', '\u200b\u202e\ufeff'],
];

/** Within Slack's limits, and without text of other people where Slack reads markup. */
function check(message: object): void {
  const { blocks, text } = messageSchema.parse(message);
  const texts = mrkdwnTexts({ blocks, text });
  for (const each of texts) {
    expect(each.isWellFormed()).toBe(true);
    expect(each.replaceAll('\n', '').replace(/[\u2068\u2069]/g, '')).not.toMatch(
      /[\p{Cc}\p{Cf}\u2028\u2029]/u,
    );
    const links = each.replace(/<https:\/\/[a-z0-9.-]+\/ec2\/home\?region=[a-z0-9-]+#[\w:=-]+\|sg-\w+>/g, '');
    expect(links).not.toMatch(/[<>]/);
    expect(links.replace(/&(amp|lt|gt);/g, '')).not.toContain('&');
  }
  for (const each of texts.slice(1)) {
    const open = outsideCode(each);
    expect(open).not.toMatch(/PWNED|`|@|#\d|[_~]\w|:\w+:/);
    expect(open.match(/\*/g)?.length ?? 0).toBeLessThanOrEqual(2 * each.split('\n').length);
  }
  expect(texts.join('\n').match(/^\*Who\*$/gm)?.length ?? 0).toBeLessThanOrEqual(1);
  expect(JSON.stringify(blocks).length).toBeLessThan(9_500);
}

describe('a Slack message', () => {
  it.each(outcomes.filter((outcome) => titleOf(hostile('', outcome))))(
    'for %s is valid with any text',
    (outcome) => {
      for (const [, text] of strings) check(slackMessage(hostile(text, outcome), 'aws') ?? {});
      for (const action of actions) check(slackMessage(hostile('*PWNED*', outcome, action), 'aws') ?? {});
    },
  );

  it.each(strings)('is valid with %s in its place', (_, text) => {
    check(
      announcementMessage({
        ...announcement({ expires: text, state: 'expired' }),
        ...{ policyDigest: text, name: text, owner: text, why: text, ticket: text },
      }),
    );
  });

  it('is valid for any text in a result', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.constantFrom('failed', 'escalated', 'excepted', 'undecided', 'remediated'),
        fc.constantFrom(...actions),
        (text, outcome, action) =>
          check(slackMessage(hostile(`${text}*PWNED*${text}`, outcome, action), 'aws') ?? {}),
      ),
      { numRuns: 100 },
    );
  });

  it('for many is valid', () => {
    check(stormMessage(100_000, '2026-03-02T09:15'));
  });
});
