import type { RemediationResult } from '../../contract/result.ts';
import { consoleHost } from '../../policy/partitions.ts';
import {
  type Block,
  context,
  fields,
  header,
  roomOfMessage,
  type SlackMessage,
  section,
  sizeOf,
} from './block.ts';
import { findingText } from './finding.ts';
import { asEntity, code, cut, linesWithin, plain, sentence } from './text.ts';
import { gravest, titleOf } from './title.ts';

/** The most findings that are shown one by one. */
const shown = 10;

/**
 * A Slack message (Block Kit) that says what, where, who, why, and how to restore the rule or request an exception;
 * undefined for outcomes that no one is notified of. Always within Slack's limits.
 */
export function slackMessage(result: RemediationResult, partition: string): SlackMessage | undefined {
  const title = titleOf(result);
  if (!title) return undefined;
  const { account, region, groupId, groupName } = result;
  const name = [groupId ?? 'unknown group', ...(groupName ? [`(${plain(groupName)})`] : [])].join(' ');
  const severity = gravest(result);
  const top = [
    header(severity ? `${title} (${severity})` : title),
    fields([where(result, partition), who(result)]),
  ];
  const end = [...nextSteps(result), context(origin(result))];
  const room = roomOfMessage - sizeOf([...top, ...end]);
  return {
    text: cut(plain(`${title}: ${name} in ${account} ${region}`), 500, asEntity),
    blocks: [...top, ...body(result, room), ...end],
  };
}

/** As much of the reason, the findings and the rest as fits, in this order, and how many findings do not fit. */
function body(result: RemediationResult, room: number): Block[] {
  const { findings, reason } = result;
  const why = sentence(reason ?? '', 1_000);
  const candidates = [
    ...(why ? [section(why)] : []),
    ...exceptionTag(result),
    ...findings.slice(0, shown).map((finding) => section(findingText(finding))),
  ];
  const first = filled(candidates, room - 200);
  const left = findings.length - Math.min(findings.length, shown) + candidates.length - first.length;
  const more = left > 0 ? [section(`and ${left} more in the result event`)] : [];
  const rest = [...undecided(result), ...excepted(result)];
  return [...first, ...more, ...filled(rest, room - sizeOf([...first, ...more]))];
}

/** The first blocks, as many as there is room for. */
function filled(blocks: readonly Block[], room: number): Block[] {
  const over = blocks.findIndex((_, index) => sizeOf(blocks.slice(0, index + 1)) > room);
  return blocks.slice(0, over === -1 ? blocks.length : over);
}

function where({ account, region, groupId, groupName, vpcId, owner }: RemediationResult, partition: string) {
  const page = consolePage(partition, region, groupId ?? '');
  const group = groupId === null ? 'unknown group' : page ? `<${page}|${groupId}>` : code(groupId);
  return [
    '*Where*',
    `${group}${groupName ? ` ${code(groupName)}` : ''}`,
    `account ${code(account)}, ${code(region)}${vpcId ? `, ${code(vpcId)}` : ''}`,
    ...(owner ? [`${code(owner.tag)} ${code(owner.value)}`] : ['no tag names its owner']),
  ].join('\n');
}

function who({ actor: { principal, session, sourceIp, userAgent, tool } }: RemediationResult): string {
  return [
    '*Who*',
    principal ? code(principal, 300) : 'unknown',
    ...(session ? [`session ${code(session)}`] : []),
    ...(sourceIp ? [`from ${code(sourceIp)}`] : []),
    ...(tool ? [`by ${code(tool)}`] : userAgent ? [`by ${code(userAgent)}`] : []),
  ].join('\n');
}

function undecided({ undecided: rules }: RemediationResult): Block[] {
  return listed(rules, ({ ruleId, reason }) => `*not evaluated* ${code(ruleId)} ${sentence(reason, 300)}`);
}

function excepted({ excepted: rules }: RemediationResult): Block[] {
  return listed(rules, ({ ruleId, policyRule, exceptions }) => {
    const by = exceptions
      .slice(0, 5)
      .map(({ name, expires }) => `${code(name)} (${expires ? `until ${code(expires, 40)}` : 'permanent'})`);
    return `*excepted* ${code(ruleId)} from ${code(policyRule)} by ${by.join(', ')}`;
  });
}

/** A section with the first five items and the number of the others. */
function listed<Item>(items: readonly Item[], line: (item: Item) => string): Block[] {
  if (items.length === 0) return [];
  const { text, left } = linesWithin(items.slice(0, 5).map(line), 1_500);
  const more = Math.max(0, items.length - 5) + left;
  return [section(more > 0 ? `${text}\nand ${more} more in the result event` : text)];
}

function exceptionTag({ exceptionTag: tag }: RemediationResult): Block[] {
  if (!tag) return [];
  const set = tag.changedAt ? ` at ${code(tag.changedAt, 40)}` : '';
  const by = tag.samePerson
    ? `was changed by *the same person*${set}`
    : tag.changedBy
      ? `was last changed by ${code(tag.changedBy, 400)}${set}`
      : 'was changed by an unknown principal (no event reported it)';
  return [section(`The exception tag ${code(tag.key)} = ${code(tag.value)} ${by}.`)];
}

/** The command includes only an id that no shell can read as anything else. */
function nextSteps({ eventId, account, groupId, findings }: RemediationResult): Block[] {
  if (findings.length === 0 || groupId === null) return [];
  const group = `group ${code(groupId, 80)} of account ${code(account, 40)}`;
  const closed = findings.some(({ undo }) => undo !== null);
  if (!closed || !/^[\w-]{1,128}$/.test(eventId) || !/^[\w-]{1,64}$/.test(groupId)) {
    const what = 'owner, why, ticket, when it expires and what to allow';
    const how = `propose it under \`exceptions\` in the policy, for ${group}: ${what}.`;
    return [section(`*Still needed?* To request an exception, ${how}`)];
  }
  const restore = `portcullis restore ${eventId}:${groupId} --owner <who> --why <reason> --ticket <id> --expires <time>`;
  return [
    section(
      `*Still needed?* Ask to restore it, with an exception until it expires:\n${code(restore, 400)}\nTo keep it permanently, propose it under \`exceptions\` in the policy, for ${group}.`,
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

/** The page of a security group in the AWS console; null when the partition's console or the place is not known. */
function consolePage(partition: string, region: string, groupId: string): string | null {
  const host = consoleHost(partition, region);
  if (!host || !/^[a-z0-9-]{1,32}$/.test(region) || !/^sg-[0-9a-zA-Z]{1,32}$/.test(groupId)) return null;
  return `https://${host}/ec2/home?region=${region}#SecurityGroup:groupId=${groupId}`;
}
