import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slackMessage } from '../../lambda/message.ts';
import { announcementMessage } from '../../lambda/message-announcement.ts';
import { openingOf } from '../../lambda/message-finding.ts';
import { stormMessage } from '../../lambda/message-storm.ts';
import { code, cut, sentence } from '../../lambda/message-text.ts';
import {
  actions,
  type Outcome,
  outcomes,
  type RemediationResult,
  type ResultFinding,
} from '../../lambda/result.ts';
import { messageSchema, mrkdwnTexts, outsideCode } from './block-kit.ts';
import { remediation } from './remediation-sample.ts';

const quiet: Outcome[] = ['observed', 'clean', 'ignored', 'group-gone', 'rule-gone'];

const finding: ResultFinding = {
  ruleId: 'sgr-00000000000000001',
  protocol: 'tcp',
  fromPort: 22,
  toPort: 22,
  source: '0.0.0.0/0',
  policyRule: 'admin-ports',
  severity: 'critical',
  message: 'Use Session Manager.',
  why: '0.0.0.0/0 is public and wider than /24, and tcp 22 is among its ports',
  action: 'revoked',
  undo: { ipPermission: { IpProtocol: 'tcp' }, tags: [] },
};

const closed = remediation({
  eventId: '68679d28-343e-d8ec-4a8c-cdd430223a5d',
  vpcId: 'vpc-1',
  policyDigest: 'f00df00df00df00d',
  owner: { tag: 'Owner', value: 'payments@example.com' },
  actor: {
    principal: 'arn:aws:sts::300000000001:assumed-role/Developer/alice@example.com',
    session: 'alice@example.com',
    sourceIp: '192.0.2.44',
    userAgent: 'aws-cli/2.31.0',
    tool: 'aws-cli',
  },
  findings: [finding],
  timeline: {
    eventTime: '2026-03-02T09:15:01Z',
    receivedAt: '2026-03-02T09:15:09Z',
    revokedAt: '2026-03-02T09:15:10.000Z',
  },
});

/** Every text of a result that somebody else wrote, or that a forged event could hold, is this one. */
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
    ...remediation({
      outcome,
      reason: text,
      eventId: text,
      cloudTrailEventId: text,
      account: text,
      region: text,
    }),
    ...{ groupId: text, groupName: text, vpcId: text, eventName: text, policyDigest: text, omitted: 7 },
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
  ['a mention of everybody', '<!channel> <!here> <@U123> <!subteam^S1>'],
  ['a link', '<https://evil.example/|sg-0a1b2c3d4e5f60001>'],
  ['formatting', '*PWNED* _PWNED_ ~PWNED~ *PWNED*'],
  ['emoji names', ':PWNED: :100: fd00:100:200::/40'],
  ['an end of a code span', '`PWNED` `` *PWNED* `'],
  ['a code block', '```\n*PWNED*\n```'],
  ['lines of its own', 'x\n*Who*\n`root`\r\n*PWNED*\u2028*Where*\u2029> *PWNED*'],
  ['entities', '&lt;!channel&gt; &amp; &#60;!channel&#62;'],
  ['10 kB of letters', 'a'.repeat(10_000)],
  ['10 kB of words', '*PWNED* <b> '.repeat(900)],
  ['10 kB of ampersands', '&'.repeat(10_000)],
  ['10 kB of angle brackets with spaces', '< > '.repeat(2_500)],
  ['10 kB of backticks', '`'.repeat(10_000)],
  ['10 kB of emoji', '👩‍👩‍👧‍👦'.repeat(1_000)],
  ['half of a surrogate pair', `\ud83d*PWNED*\ude00`],
  ['10 kB of halves', '\ud83d'.repeat(10_000)],
  ['text that turns around', '\u202e*PWNED*\u202c \u2066x\u2069 \u200f'],
  ['right to left', 'שלום *PWNED* مرحبا'],
  ['controls', '\u0000\u0007\u001b[31m*PWNED*\u009f\ufeff\u200b'],
  ['combining marks', `Z${'\u0301'.repeat(5_000)}`],
  ['nothing', ''],
  ['only spaces', ' \t\n '],
  ['only what is not seen', '\u200b\u202e\ufeff'],
];

/** Within Slack's limits, and with nothing of another's text where Slack reads markup. */
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
  it('says what, where, who and why, and what can be done', () => {
    const message = slackMessage(closed, 'aws');
    check(message ?? {});
    const link = 'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1';
    const text = (text: string) => ({ type: 'mrkdwn', text, verbatim: true });
    expect(message).toEqual({
      text: 'Ingress closed: sg-0a1b2c3d4e5f60001 (web) in 300000000001 eu-west-1',
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: 'Ingress closed (critical)', emoji: false } },
        {
          type: 'section',
          fields: [
            text(
              `*Where*\n<${link}#SecurityGroup:groupId=sg-0a1b2c3d4e5f60001|sg-0a1b2c3d4e5f60001> \`web\`\naccount \`300000000001\`, \`eu-west-1\`, \`vpc-1\`\n\`Owner\` \`payments@example.com\``,
            ),
            text(
              '*Who*\n`arn:aws:sts::300000000001:assumed-role/Developer/alice@example.com`\nsession `alice@example.com`\nfrom `192.0.2.44`\nby `aws-cli`',
            ),
          ],
        },
        {
          type: 'section',
          text: text(
            '*closed* `tcp 22` from `0.0.0.0/0` (`sgr-00000000000000001`) by `admin-ports`, `critical`\n`0.0.0.0/0` is public and wider than `/24`, and tcp 22 is among its ports\nPolicy: Use Session Manager.',
          ),
        },
        {
          type: 'section',
          text: text(
            '*Needed all the same?* Ask for it to be put back, with an exception until it expires:\n`portcullis restore 68679d28-343e-d8ec-4a8c-cdd430223a5d:sg-0a1b2c3d4e5f60001 --owner &lt;who&gt; --why &lt;reason&gt; --ticket &lt;id&gt; --expires &lt;time&gt;`\nFor good, propose it under `exceptions` in the policy, for group `sg-0a1b2c3d4e5f60001` of account `300000000001`.',
          ),
        },
        {
          type: 'context',
          elements: [
            text(
              '`AuthorizeSecurityGroupIngress` · at `2026-03-02T09:15:01Z` · closed at `2026-03-02T09:15:10.000Z` · event `68679d28-343e-d8ec-4a8c-cdd430223a5d` · policy `f00df00df00d`',
            ),
          ],
        },
      ],
    });
  });

  it.each(quiet)('is not sent for %s', (outcome) => {
    expect(slackMessage({ ...closed, outcome }, 'aws')).toBeUndefined();
  });

  it.each(outcomes.filter((outcome) => !quiet.includes(outcome)))(
    'for %s is valid with any text',
    (outcome) => {
      for (const [, text] of strings) check(slackMessage(hostile(text, outcome), 'aws') ?? {});
      for (const action of actions) check(slackMessage(hostile('*PWNED*', outcome, action), 'aws') ?? {});
    },
  );

  it.each(strings)('is valid with %s in its place', (_, text) => {
    check(
      announcementMessage({
        schemaVersion: 1,
        time: '2026-03-02T09:00:00Z',
        expires: text,
        state: 'expired',
        ...{ policyDigest: text, name: text, owner: text, why: text, ticket: text },
      }),
    );
  });

  it('is valid whatever a result holds', () => {
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

  it.each([
    ['aws', 'eu-west-1', 'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#'],
    ['aws-us-gov', 'us-gov-west-1', 'https://console.amazonaws-us-gov.com/ec2/home?region=us-gov-west-1#'],
    ['aws-cn', 'cn-north-1', 'https://console.amazonaws.cn/ec2/home?region=cn-north-1#'],
  ])('leads to the console of %s', (partition, region, page) => {
    const message = JSON.stringify(slackMessage({ ...closed, region }, partition));
    expect(message).toContain(`<${page}SecurityGroup:groupId=sg-0a1b2c3d4e5f60001|sg-0a1b2c3d4e5f60001>`);
  });

  it('has no link where the partition or the group is not known', () => {
    const unknown = [slackMessage(closed, 'aws-iso'), slackMessage({ ...closed, groupId: null }, 'aws')];
    for (const message of unknown) expect(JSON.stringify(message)).not.toContain('https://');
    expect(JSON.stringify(unknown[1])).toContain('unknown group');
  });

  it.each([
    ['an event id that a shell would read', { eventId: 'x; rm -rf ~' }],
    ['a group id that a shell would read', { groupId: 'sg-1$(id)' }],
    ['nothing taken away', { findings: [{ ...finding, undo: null }] }],
  ])('names no command to put it back with %s', (_, change) => {
    const message = slackMessage({ ...closed, ...change }, 'aws');
    expect(JSON.stringify(message)).not.toContain('portcullis restore');
    expect(JSON.stringify(message)).toContain('Needed all the same?');
  });

  it.each([
    [
      { action: 'narrowed', narrowed: { to: ['198.51.100.0/24'] } },
      'Ingress narrowed',
      'Let in instead: `198.51.100.0/24`.',
    ],
    [
      { action: 'narrowed', narrowed: { to: [], error: 'denied' } },
      'Ingress narrowed',
      'Nothing was let in instead. Error: denied',
    ],
    [{ recurrence: { times: 4, withinMinutes: 60 } }, 'Ingress closed', 'Closed 4 times within 60 minutes.'],
    [{ action: 'failed', error: 'Throttling: slow down' }, 'Ingress closed', 'Error: Throttling: slow down'],
  ] as const)('tells of %j', (change, title, words) => {
    const message = slackMessage(
      { ...closed, findings: [{ ...finding, ...change } as ResultFinding] },
      'aws',
    );
    expect(message?.text).toMatch(new RegExp(`^${title}`));
    expect(JSON.stringify(message)).toContain(words);
  });

  it('tells who changed the exception tag', () => {
    const tag = {
      key: 'portcullis-exception',
      value: 'games',
      changedBy: 'arn:x',
      changedAt: '2026-03-02T09:00:00Z',
    };
    const told = (samePerson: boolean, changedBy: string | null) =>
      JSON.stringify(slackMessage({ ...closed, exceptionTag: { ...tag, changedBy, samePerson } }, 'aws'));
    expect(told(true, 'arn:x')).toContain('was changed by *the same person* at `2026-03-02T09:00:00Z`');
    expect(told(false, 'arn:x')).toContain('was last changed by `arn:x`');
    expect(told(false, null)).toContain('was changed by somebody whom no event told of');
  });

  it('tells of an exception where its tag was set by the same person, and otherwise not', () => {
    const excepted = [
      { ruleId: 'sgr-1', policyRule: 'p', exceptions: [{ name: 'games', expires: null }] },
      {
        ruleId: 'sgr-2',
        policyRule: 'p',
        exceptions: [{ name: 'partner', expires: '2027-01-01T00:00:00Z' }],
      },
    ];
    const tag = { key: 'k', value: 'v', changedBy: 'a', changedAt: null };
    const of = (samePerson: boolean) =>
      slackMessage(
        { ...closed, outcome: 'excepted', findings: [], excepted, exceptionTag: { ...tag, samePerson } },
        'aws',
      );
    expect(of(false)).toBeUndefined();
    expect(slackMessage({ ...closed, outcome: 'excepted', exceptionTag: null }, 'aws')).toBeUndefined();
    expect(of(true)?.text).toMatch(/^Excepted by a tag of the same person/);
    const text = JSON.stringify(of(true));
    expect(text).toContain('*excepted* `sgr-1` from `p` by `games` (permanent)');
    expect(text).toContain('*excepted* `sgr-2` from `p` by `partner` (until `2027-01-01T00:00:00Z`)');
  });

  it('counts what it leaves out', () => {
    const findings = Array.from({ length: 23 }, (_, id) => ({ ...finding, ruleId: `sgr-${id}` }));
    const undecided = Array.from({ length: 9 }, (_, id) => ({ ruleId: `sgr-u${id}`, reason: 'why' }));
    const text = JSON.stringify(slackMessage({ ...closed, findings, undecided, omitted: 3 }, 'aws'));
    expect(text).toContain('and 13 more in the result event');
    expect(text).toContain('and 4 more in the result event');
    expect(text).toContain('3 rules left out');
  });

  it('for many is valid', () => {
    check(stormMessage(100_000, '2026-03-02T09:15'));
  });
});

describe('what a rule opens', () => {
  it.each([
    ['-1', null, null, 'all traffic'],
    ['-1', -1, -1, 'all traffic'],
    ['tcp', 22, 22, 'tcp 22'],
    ['udp', 8000, 8100, 'udp 8000-8100'],
    ['tcp', 0, 65535, 'tcp 0-65535'],
    ['tcp', null, null, 'tcp'],
    ['icmp', 8, -1, 'icmp type 8 every code'],
    ['icmp', -1, -1, 'icmp every type every code'],
    ['icmpv6', 128, 0, 'icmpv6 type 128 code 0'],
    ['58', null, null, '58 every type every code'],
    ['47', -1, -1, 'protocol 47'],
  ])('as protocol %s from %s to %s is "%4$s"', (protocol, fromPort, toPort, words) => {
    expect(openingOf({ protocol, fromPort, toPort })).toBe(words);
  });
});

describe('a text of another', () => {
  it.each([
    ['2001:db8:100::/40 is public', '`2001:db8:100::/40` is public'],
    ['(arn:aws:iam::1:role/x), denied.', '(`arn:aws:iam::1:role/x`), denied.'],
    ['AccessDenied: not authorized', 'AccessDenied: not authorized'],
    ['a < b & c', 'a `&lt;` b `&amp;` c'],
    ['', ''],
  ])('in a sentence, %j, is %j', (text, shown) => {
    expect(sentence(text)).toBe(shown);
  });

  it('is cut between characters, never within an entity or a pair', () => {
    expect(code('&&&&&&', 20)).toBe('`&amp;&amp;&amp;…`');
    expect(cut('👩👩👩', 5)).toBe('👩👩…');
    expect(cut('abc', 3)).toBe('abc');
    expect(sentence('one two three four', 12)).toBe('one two …');
  });

  it('that is written from right to left stays apart', () => {
    expect(code('שלום')).toBe('`\u2068שלום\u2069`');
  });
});
