import { describe, expect, it } from 'vitest';
import {
  type Outcome,
  outcomes,
  type RemediationResult,
  type ResultFinding,
} from '../../../../../lambda/contract/result.ts';
import { slackMessage } from '../../../../../lambda/notify/message/result.ts';
import { messageSchema } from './block-kit.ts';
import { closed, finding } from './sample.ts';

/** What a person reads below where and who, block by block. */
function read(result: RemediationResult): string[] {
  const blocks = slackMessage(result, 'aws')?.blocks.slice(2) ?? [];
  return blocks
    .flatMap((block) => [...JSON.stringify(block).matchAll(/"text":("(?:[^"\\]|\\.)*")/g)])
    .map(([, text]) => JSON.parse(text ?? '""'));
}

const quiet: Outcome[] = ['observed', 'excepted', 'clean', 'ignored', 'group-gone', 'rule-gone'];

describe('a Slack message', () => {
  it('states what, where, who and why, and what can be done', () => {
    const message = slackMessage(closed, 'aws');
    messageSchema.parse(message);
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
            '*Still needed?* Ask to restore it, with an exception until it expires:\n`portcullis restore 68679d28-343e-d8ec-4a8c-cdd430223a5d:sg-0a1b2c3d4e5f60001 --owner &lt;who&gt; --why &lt;reason&gt; --ticket &lt;id&gt; --expires &lt;time&gt;`\nTo keep it permanently, propose it under `exceptions` in the policy, for group `sg-0a1b2c3d4e5f60001` of account `300000000001`.',
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

  it.each(outcomes)('is sent for %s, unless only the record needs it', (outcome) => {
    const text = slackMessage({ ...closed, outcome }, 'aws')?.text;
    if (quiet.includes(outcome)) expect(text).toBeUndefined();
    else expect(text).toContain('in 300000000001 eu-west-1');
  });

  it.each([
    ['aws', 'eu-west-1', 'eu-west-1.console.aws.amazon.com'],
    ['aws-us-gov', 'us-gov-east-1', 'us-gov-east-1.console.amazonaws-us-gov.com'],
    ['aws-cn', 'cn-north-1', 'cn-north-1.console.amazonaws.cn'],
    ['aws-eusc', 'eusc-de-east-1', 'eusc-de-east-1.console.amazonaws-eusc.eu'],
  ])('has a link to the console of %s', (partition, region, host) => {
    const message = JSON.stringify(slackMessage({ ...closed, region }, partition));
    const page = `https://${host}/ec2/home?region=${region}#SecurityGroup:groupId=sg-0a1b2c3d4e5f60001`;
    expect(message).toContain(`<${page}|sg-0a1b2c3d4e5f60001>`);
  });

  it('has no link where the partition or the group is not known', () => {
    const unknown = [slackMessage(closed, 'aws-iso'), slackMessage({ ...closed, groupId: null }, 'aws')];
    for (const message of unknown) expect(JSON.stringify(message)).not.toContain('https://');
    expect(JSON.stringify(unknown[1])).toContain('unknown group');
  });

  it.each([
    ['an event id that a shell would read', { eventId: 'x; rm -rf ~' }],
    ['a group id that a shell would read', { groupId: 'sg-1$(id)' }],
    ['nothing revoked', { findings: [{ ...finding, undo: null }] }],
  ])('has no restore command with %s', (_, change) => {
    const message = slackMessage({ ...closed, ...change }, 'aws');
    expect(JSON.stringify(message)).not.toContain('portcullis restore');
    expect(JSON.stringify(message)).toContain('Still needed?');
  });

  it('says what happened to a rule', () => {
    const changes: Partial<ResultFinding>[] = [
      { action: 'narrowed', narrowed: { to: ['198.51.100.0/24'] } },
      { action: 'narrowed', narrowed: { to: [], error: 'denied' } },
      { recurrence: { times: 4, withinMinutes: 60 } },
      { action: 'escalated', recurrence: { times: 4, withinMinutes: 60, closesAt: '2026-03-02T09:20:00Z' } },
      { action: 'failed', error: 'Throttling: slow down' },
    ];
    const messages = changes.map((change) => {
      const result = { ...closed, findings: [{ ...finding, ...change }] };
      return [slackMessage(result, 'aws')?.text.split(':')[0], read(result)[0]].join('\n');
    });
    expect(messages.join('\n\n')).toMatchInlineSnapshot(`
      "Ingress narrowed
      *narrowed* \`tcp 22\` from \`0.0.0.0/0\` (\`sgr-00000000000000001\`) by \`admin-ports\`, \`critical\`
      \`0.0.0.0/0\` is public and wider than \`/24\`, and tcp 22 is among its ports
      Policy: Use Session Manager.
      Allowed instead: \`198.51.100.0/24\`.

      Ingress narrowed
      *narrowed* \`tcp 22\` from \`0.0.0.0/0\` (\`sgr-00000000000000001\`) by \`admin-ports\`, \`critical\`
      \`0.0.0.0/0\` is public and wider than \`/24\`, and tcp 22 is among its ports
      Policy: Use Session Manager.
      Nothing was allowed instead. Error: denied

      Ingress closed
      *closed* \`tcp 22\` from \`0.0.0.0/0\` (\`sgr-00000000000000001\`) by \`admin-ports\`, \`critical\`
      \`0.0.0.0/0\` is public and wider than \`/24\`, and tcp 22 is among its ports
      Policy: Use Session Manager.
      Closed 4 times within 60 minutes.

      Ingress closed
      *open, because it recurs* \`tcp 22\` from \`0.0.0.0/0\` (\`sgr-00000000000000001\`) by \`admin-ports\`, \`critical\`
      \`0.0.0.0/0\` is public and wider than \`/24\`, and tcp 22 is among its ports
      Policy: Use Session Manager.
      Closed 4 times within 60 minutes. The schedule closes it again, now and each time it recurs.

      Ingress closed
      *not closed* \`tcp 22\` from \`0.0.0.0/0\` (\`sgr-00000000000000001\`) by \`admin-ports\`, \`critical\`
      \`0.0.0.0/0\` is public and wider than \`/24\`, and tcp 22 is among its ports
      Policy: Use Session Manager.
      Error: Throttling: slow down"
    `);
  });

  it('names who changed the exception tag', () => {
    const tag = { key: 'portcullis-exception', value: 'games', changedAt: '2026-03-02T09:00:00Z' };
    const people = [
      { changedBy: 'arn:x', samePerson: true },
      { changedBy: 'arn:x', samePerson: false },
      { changedBy: null, samePerson: false },
    ];
    const messages = people.map((by) => read({ ...closed, exceptionTag: { ...tag, ...by } })[0]);
    expect(messages.join('\n')).toMatchInlineSnapshot(`
      "The exception tag \`portcullis-exception\` = \`games\` was changed by *the same person* at \`2026-03-02T09:00:00Z\`.
      The exception tag \`portcullis-exception\` = \`games\` was last changed by \`arn:x\` at \`2026-03-02T09:00:00Z\`.
      The exception tag \`portcullis-exception\` = \`games\` was changed by an unknown principal (no event reported it)."
    `);
  });

  it('is sent for an exception only when its tag was set by the same person', () => {
    const excepted = ['2027-01-01T00:00:00Z', null].map((expires, id) => ({
      ...{ ruleId: `sgr-${id}`, policyRule: 'p', exceptions: [{ name: 'games', expires }] },
    }));
    const tag = { key: 'k', value: 'v', changedBy: 'a', changedAt: null, samePerson: true };
    const result = { ...closed, outcome: 'excepted' as const, findings: [], excepted, exceptionTag: tag };
    expect(slackMessage({ ...result, exceptionTag: { ...tag, samePerson: false } }, 'aws')).toBeUndefined();
    expect(slackMessage({ ...result, exceptionTag: null }, 'aws')).toBeUndefined();
    expect([slackMessage(result, 'aws')?.text, ...read(result)].join('\n')).toMatchInlineSnapshot(`
      "Excepted by a tag of the same person: sg-0a1b2c3d4e5f60001 (web) in 300000000001 eu-west-1
      The exception tag \`k\` = \`v\` was changed by *the same person*.
      *excepted* \`sgr-0\` from \`p\` by \`games\` (until \`2027-01-01T00:00:00Z\`)
      *excepted* \`sgr-1\` from \`p\` by \`games\` (permanent)
      \`AuthorizeSecurityGroupIngress\` · at \`2026-03-02T09:15:01Z\` · closed at \`2026-03-02T09:15:10.000Z\` · event \`68679d28-343e-d8ec-4a8c-cdd430223a5d\` · policy \`f00df00df00d\`"
    `);
  });

  it('counts what it leaves out', () => {
    const findings = Array.from({ length: 23 }, (_, id) => ({ ...finding, ruleId: `sgr-${id}` }));
    const undecided = Array.from({ length: 9 }, (_, id) => ({ ruleId: `sgr-u${id}`, reason: 'why' }));
    const text = read({ ...closed, findings, undecided, omitted: 3 }).join('\n');
    expect(text.match(/and \d+ more.*|\d rules left out/g)).toEqual([
      ...['and 13 more in the result event', 'and 4 more in the result event', '3 rules left out'],
    ]);
  });
});
