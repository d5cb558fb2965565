import type { Action, ResultFinding } from '../../contract/result.ts';
import { hasTypes, isEverything, protocolNumber } from '../../policy/schema/protocol.ts';
import { code, linesWithin, sentence } from './text.ts';

type Opened = Pick<ResultFinding, 'protocol' | 'fromPort' | 'toPort'>;

/** What a rule opens, such as `tcp 22`, `udp 8000-8100`, `icmp type 8 every code`, `all traffic`. */
export function openingOf({ protocol, fromPort, toPort }: Opened): string {
  if (isEverything(protocol)) return 'all traffic';
  if (hasTypes(protocolNumber(protocol)))
    return `${protocol} ${icmp('type', fromPort)} ${icmp('code', toPort)}`;
  const name = /^\d+$/.test(protocol) ? `protocol ${protocol}` : protocol;
  if (fromPort === null || toPort === null || fromPort === -1) return name;
  return fromPort === toPort ? `${name} ${fromPort}` : `${name} ${fromPort}-${toPort}`;
}

function icmp(what: 'type' | 'code', number: number | null): string {
  return number === null || number === -1 ? `every ${what}` : `${what} ${number}`;
}

const words = new Map<Action, string>([
  ['revoked', 'closed'],
  ['narrowed', 'narrowed'],
  ['would-revoke', 'not closed, because of the mode'],
  ['escalated', 'open, because it recurs'],
  ['notified', 'open'],
  ['observed', 'open'],
  ['already-gone', 'already deleted'],
  ['failed', 'not closed'],
]);

export function findingText(finding: ResultFinding): string {
  const { action, ruleId, source, policyRule, severity, message, narrowed, recurrence, error } = finding;
  const head = `*${words.get(action) ?? action}* ${code(openingOf(finding))} from ${code(source)} (${code(ruleId)})`;
  const lines = [
    `${head} by ${code(policyRule)}${severity ? `, ${code(severity)}` : ''}`,
    sentence(finding.why),
    ...(message ? [`Policy: ${sentence(message)}`] : []),
    ...(error ? [`Error: ${sentence(error)}`] : []),
    ...(narrowed ? [narrowing(narrowed)] : []),
    ...(recurrence ? [recurring(recurrence)] : []),
  ];
  return linesWithin(lines, 2_000).text;
}

function recurring({ times, withinMinutes, closesAt }: NonNullable<ResultFinding['recurrence']>): string {
  const often = `Closed ${times} times within ${withinMinutes} minutes.`;
  return closesAt ? `${often} The schedule closes it again, now and each time it recurs.` : often;
}

function narrowing({ to, error }: NonNullable<ResultFinding['narrowed']>): string {
  const ranges = to.slice(0, 10).map((range) => code(range, 50));
  const more = to.length > ranges.length ? ` and ${to.length - ranges.length} more` : '';
  const instead =
    ranges.length > 0 ? `Allowed instead: ${ranges.join(', ')}${more}.` : 'Nothing was allowed instead.';
  return error ? `${instead} Error: ${sentence(error)}` : instead;
}
