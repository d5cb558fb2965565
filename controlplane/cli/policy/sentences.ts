import type { Allow, MatchClause, TrafficClause } from '../../../lambda/policy/schema/match.ts';
import { hasTypes, protocolTitle } from '../../../lambda/policy/schema/protocol.ts';
import type { Scope, Selector } from '../../../lambda/policy/schema/scope.ts';
import { type Span, spansOf } from '../../../lambda/policy/traffic.ts';

const listOf = (type: 'conjunction' | 'disjunction') => {
  const format = new Intl.ListFormat('en-GB', { type });
  return (items: readonly string[]): string => format.format(items);
};
/** `a, b and c` */
export const and = listOf('conjunction');
/** `a, b or c` */
export const or = listOf('disjunction');

const protocols = Array.from({ length: 256 }, (_, protocol) => protocol);
const width = 65_536;

/** What a clause matches, by the spans that the evaluator compares: one text for all protocols with the same ports. */
export function trafficTexts(clause: TrafficClause): string[] {
  if (clause.protocols?.includes('all')) return ['every protocol at once (-1)'];
  const spans = spansOf(clause);
  const byPorts = Map.groupBy(protocols, (protocol) => portsText(protocol, spans));
  byPorts.delete(undefined);
  return [...byPorts].map(([ports, same]) =>
    ports === '' ? allOf(same) : `${protocolNames(same)} ${ports}`,
  );
}

/** The ports or ICMP types of a protocol that the spans match; empty if they match all of it, undefined if nothing. */
function portsText(protocol: number, spans: readonly Span[]): string | undefined {
  const [first, last] = [protocol * width, (protocol + 1) * width - 1];
  const parts = spans.filter(({ from, to }) => from <= last && first <= to);
  if (parts.length === 0) return undefined;
  if (parts.some(({ from, to }) => from <= first && last <= to)) return '';
  const [unit, name] = hasTypes(protocol) ? [256, 'type'] : [1, 'port'];
  const ranges = parts.map(({ from, to }) => {
    const [low, high] = [Math.max(from, first), Math.min(to, last)].map((at) =>
      Math.floor((at - first) / unit),
    );
    return low === high ? String(low) : `${low}-${high}`;
  });
  const isOne = /^\d+$/.test(or(ranges));
  return `${name}${isOne ? '' : 's'} ${or(ranges)}`;
}

const protocolNames = (list: readonly number[]) =>
  and(list.map((each) => protocolTitle(each) ?? `protocol ${each}`));

function allOf(given: readonly number[]): string {
  if (given.length <= 128) return `all of ${protocolNames(given)}`;
  const others = protocols.filter((protocol) => !given.includes(protocol));
  return others.length === 0 ? 'any protocol' : `any protocol but ${protocolNames(others)}`;
}

/** The sources that a policy rule matches. */
export function sourcesText(sources: MatchClause['sources']): string {
  if (!sources) return 'any source';
  const { public: wide, cidrs, prefixLists, groupsOfOtherAccounts, addressFamilies } = sources;
  const together = wide?.union ? "alone or together with the group's other rules" : 'each alone';
  const texts = [
    wide &&
      `public address ranges wider than /${wide.ipv4WiderThan} (IPv6: /${wide.ipv6WiderThan}), ${together}`,
    cidrs && `ranges that have an address in common with ${or(cidrs)}`,
    prefixLists && `prefix list ${or(prefixLists)}`,
    groupsOfOtherAccounts && 'security groups of another account',
  ].filter((text) => text !== undefined);
  const families = addressFamilies?.map((family) => (family === 'ipv4' ? 'IPv4' : 'IPv6'));
  return `${texts.join('; or ') || 'any address range'}${families ? `, only ${and(families)}` : ''}`;
}

/** What an exception allows, and from which sources. */
export function allowText(allow: Allow): string {
  const { cidrs = [], prefixLists, groupsOfAccounts } = allow.sources;
  const texts = [
    ...cidrs,
    ...(prefixLists ? [`prefix list ${or(prefixLists)}`] : []),
    ...(groupsOfAccounts ? [`groups of account ${or(groupsOfAccounts)}`] : []),
  ];
  return `${trafficTexts(allow).join(', ')} from ${or(texts)}`;
}

/** The groups that a rule or an exception applies to. */
export function scopeText({ include, exclude }: Scope = {}): string {
  const texts = (selectors: readonly Selector[]) => selectors.map(selectorText).join('; or ');
  return `${include ? `groups ${texts(include)}` : 'every group'}${exclude ? `, but none ${texts(exclude)}` : ''}`;
}

const selectorWords: Readonly<Record<keyof Selector, string>> = {
  organizationalUnits: 'in organizational unit',
  accounts: 'in account',
  accountTags: 'in an account tagged',
  regions: 'in Region',
  vpcs: 'in',
  groupNames: 'named',
  groupTags: 'tagged',
  groupIds: 'with the id',
};

function selectorText(selector: Selector): string {
  const keys = Object.keys(selectorWords) as (keyof Selector)[];
  return and(
    keys.flatMap((key) => {
      const values = selector[key];
      if (!values) return [];
      const tags = Object.entries(values).map(([tag, tagged]) => `${tag} = ${or(tagged)}`);
      return [`${selectorWords[key]} ${Array.isArray(values) ? or(values) : and(tags)}`];
    }),
  );
}
