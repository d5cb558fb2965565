import type { Outcome, RemediationResult } from './result.ts';

const titles = new Map<Outcome, string>([
  ['remediated', 'Ingress closed'],
  ['notified', 'Ingress open against the policy'],
  ['undecided', 'Not judged: please look'],
  ['access-denied', 'Not closed: access denied'],
  ['failed', 'Not closed: failed'],
]);

const shown = 10;

/** A Slack message (Block Kit) of what, where, who and why; undefined for outcomes that nobody need hear of. */
export function slackMessage(result: RemediationResult): object | undefined {
  const title = titles.get(result.outcome);
  if (!title) return undefined;
  const { account, region, groupId, groupName, actor } = result;
  const group = groupId ? `${groupId}${groupName ? ` (${groupName})` : ''}` : 'unknown group';
  const fields = [
    `*Where*\n${mrkdwn(group)}\n${mrkdwn(account)} ${mrkdwn(region)}${result.vpcId ? `\n${mrkdwn(result.vpcId)}` : ''}`,
    `*Who*\n${mrkdwn(actor.principal ?? 'unknown')}\n${mrkdwn(actor.sourceIp ?? '')}`,
  ];
  const context = `${result.eventName ?? 'event'} ${result.timeline.eventTime ?? ''} · ${result.eventId}`;
  return {
    text: `${title}: ${mrkdwn(group)} in ${mrkdwn(account)} ${mrkdwn(region)}`,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title } },
      ...reasons(result).map((text) => ({ type: 'section', text: { type: 'mrkdwn', text } })),
      { type: 'section', fields: fields.map((text) => ({ type: 'mrkdwn', text: text.slice(0, 2_000) })) },
      { type: 'context', elements: [{ type: 'mrkdwn', text: mrkdwn(context).slice(0, 2_000) }] },
    ],
  };
}

function reasons(result: RemediationResult): string[] {
  const lines = [
    ...(result.reason ? [mrkdwn(result.reason)] : []),
    ...result.findings.map(
      (finding) => `*${finding.action}* \`${finding.ruleId}\` ${mrkdwn(finding.why)} (${finding.policyRule})`,
    ),
    ...result.undecided.map((rule) => `*undecided* \`${rule.ruleId}\` ${mrkdwn(rule.reason)}`),
  ];
  const more = lines.length > shown ? [`and ${lines.length - shown} more in the result event`] : [];
  return [...lines.slice(0, shown), ...more].map((line) => line.slice(0, 2_900));
}

/** Slack reads &, < and > as markup; an event's texts come from whoever made the call. */
function mrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
