import { type Block, context, fields, header, type SlackMessage, section } from './message-block.ts';
import { findingText } from './message-finding.ts';
import { consolePage } from './message-place.ts';
import { asEntity, code, cut, linesWithin, plain, sentence } from './message-text.ts';
import { gravest, titleOf } from './message-title.ts';
import type { RemediationResult } from './result.ts';

/** Blocks of findings; Slack takes 50 in a message. */
const shown = 10;

/**
 * A Slack message (Block Kit) of what, where, who, why, and how to put it back or ask for an exception; undefined
 * for outcomes that nobody need hear of. Within Slack's limits whatever the result holds.
 */
export function slackMessage(result: RemediationResult, partition: string): SlackMessage | undefined {
  const title = titleOf(result);
  if (!title) return undefined;
  const { account, region, groupId, groupName, reason, findings } = result;
  const name = [groupId ?? 'unknown group', ...(groupName ? [`(${plain(groupName)})`] : [])].join(' ');
  const severity = gravest(result);
  const why = sentence(reason ?? '', 1_500);
  const left = findings.length - shown;
  return {
    text: cut(plain(`${title}: ${name} in ${account} ${region}`), 500, asEntity),
    blocks: [
      header(severity ? `${title} (${severity})` : title),
      fields([where(result, partition), who(result)]),
      ...(why ? [section(why)] : []),
      ...findings.slice(0, shown).map((finding) => section(findingText(finding))),
      ...(left > 0 ? [section(`and ${left} more in the result event`)] : []),
      ...undecided(result),
      ...excepted(result),
      ...exceptionTag(result),
      ...whatNow(result),
      context(origin(result)),
    ],
  };
}

function where({ account, region, groupId, groupName, vpcId, owner }: RemediationResult, partition: string) {
  const page = consolePage(partition, region, groupId ?? '');
  const group = groupId === null ? 'unknown group' : page ? `<${page}|${groupId}>` : code(groupId);
  return [
    '*Where*',
    `${group}${groupName ? ` ${code(groupName)}` : ''}`,
    `account ${code(account)}, ${code(region)}${vpcId ? `, ${code(vpcId)}` : ''}`,
    ...(owner ? [`${code(owner.tag)} ${code(owner.value)}`] : ['no tag says who owns it']),
  ].join('\n');
}

function who({ actor: { principal, session, sourceIp, userAgent, tool } }: RemediationResult): string {
  return [
    '*Who*',
    principal ? code(principal, 400) : 'unknown',
    ...(session ? [`session ${code(session)}`] : []),
    ...(sourceIp ? [`from ${code(sourceIp)}`] : []),
    ...(tool ? [`by ${code(tool)}`] : userAgent ? [`by ${code(userAgent)}`] : []),
  ].join('\n');
}

function undecided({ undecided: rules }: RemediationResult): Block[] {
  if (rules.length === 0) return [];
  const lines = rules.map(({ ruleId, reason }) => `*not judged* ${code(ruleId)} ${sentence(reason, 400)}`);
  return [bounded(lines, 5)];
}

function excepted({ excepted: rules }: RemediationResult): Block[] {
  if (rules.length === 0) return [];
  const lines = rules.map(({ ruleId, policyRule, exceptions }) => {
    const by = exceptions
      .slice(0, 5)
      .map(({ name, expires }) => `${code(name)} (${expires ? `until ${code(expires, 40)}` : 'permanent'})`);
    return `*excepted* ${code(ruleId)} from ${code(policyRule)} by ${by.join(', ')}`;
  });
  return [bounded(lines, 5)];
}

function bounded(lines: readonly string[], most: number): Block {
  const { text, left } = linesWithin(lines.slice(0, most), 2_900);
  const more = lines.length - Math.min(lines.length, most) + left;
  return section(more > 0 ? `${text}\nand ${more} more in the result event` : text);
}

function exceptionTag({ exceptionTag: tag }: RemediationResult): Block[] {
  if (!tag) return [];
  const set = tag.changedAt ? ` at ${code(tag.changedAt, 40)}` : '';
  const by = tag.samePerson
    ? `was changed by *the same person*${set}`
    : tag.changedBy
      ? `was last changed by ${code(tag.changedBy, 400)}${set}`
      : 'was changed by somebody whom no event told of';
  return [section(`The exception tag ${code(tag.key)} = ${code(tag.value)} ${by}.`)];
}

/** Only an id that no shell reads as anything else is put into a command. */
function whatNow({ eventId, account, groupId, findings }: RemediationResult): Block[] {
  if (findings.length === 0 || groupId === null) return [];
  const closed = findings.some(({ undo }) => undo !== null);
  const restore = closed && /^[\w-]{1,128}$/.test(eventId) && /^[\w-]{1,64}$/.test(groupId);
  const ask = `propose one under \`exceptions\` in the policy: owner, why, ticket, when it expires, where (account ${code(account)}, group ${code(groupId)}) and what to allow.`;
  return [
    section(
      [
        `*Needed all the same?* To ask for an exception, ${ask}`,
        ...(restore ? [`To put it back: \`portcullis restore ${eventId}:${groupId}\``] : []),
      ].join('\n'),
    ),
  ];
}

function origin({
  eventName,
  eventId,
  cloudTrailEventId,
  timeline,
  policyDigest,
  omitted,
}: RemediationResult) {
  const { eventTime, revokedAt } = timeline;
  return [
    code(eventName ?? 'event', 130),
    ...(eventTime ? [`at ${code(eventTime, 40)}`] : []),
    ...(revokedAt ? [`closed at ${code(revokedAt, 40)}`] : []),
    `event ${code(eventId, 130)}`,
    ...(cloudTrailEventId ? [`CloudTrail ${code(cloudTrailEventId, 130)}`] : []),
    `policy ${code(policyDigest.slice(0, 12))}`,
    ...(omitted > 0 ? [`${omitted} rules left out`] : []),
  ].join(' · ');
}
