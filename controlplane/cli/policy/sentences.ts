import type { Allow, MatchClause, TrafficClause } from '../../../lambda/policy/schema/match.ts';
import { hasTypes, protocolTitle } from '../../../lambda/policy/schema/protocol.ts';
import type { Scope, Selector } from '../../../lambda/policy/schema/scope.ts';
import { type Span, spansOf } from '../../../lambda/policy/traffic.ts';

/** `a, b or c` */
export function either(items: readonly string[], word = 'or'): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${word} ${last}`;
}

const width = 65_536;

/** What a clause is about, one text for each kind, made from the spans that the evaluator compares. */
export function trafficTexts(clause: TrafficClause): string[] {
  if (clause.protocols?.includes('all')) return ['every protocol at once (-1)'];
  const parts = byProtocol(spansOf(clause));
  const alike = Map.groupBy(parts, ([, ranges]) => ranges);
  const whole = (alike.get('') ?? []).map(([protocol]) => protocol);
  if (whole.length === 256) return ['any protocol and port'];
  const texts = [...alike]
    .filter(([ranges]) => ranges !== '')
    .map(
      ([ranges, same]) =>
        `${either(
          same.map(([protocol]) => protocolText(protocol)),
          'and',
        )} ${ranges}`,
    );
  if (whole.length === 0) return texts;
  const others = 256 - parts.length;
  return [
    ...texts,
    others < 8 ? wholeBut(parts, texts.length > 0) : `all of ${either(whole.map(protocolText), 'and')}`,
  ];
}

function protocolText(protocol: number): string {
  return protocolTitle(protocol) ?? `protocol ${protocol}`;
}

function wholeBut(parts: readonly (readonly [number, string])[], others: boolean): string {
  const meant = new Set(parts.map(([protocol]) => protocol));
  const missing = Array.from({ length: 256 }, (_, protocol) => protocol).filter(
    (protocol) => !meant.has(protocol),
  );
  const but = missing.length > 0 ? ` but ${either(missing.map(protocolText), 'and')}` : '';
  return `all of any ${others ? 'other ' : ''}protocol${but}`;
}

/** For each protocol what of it is meant in words, nothing for all of it. */
function byProtocol(spans: readonly Span[]): (readonly [number, string])[] {
  return Array.from({ length: 256 }, (_, protocol) => {
    const [from, to] = [protocol * width, (protocol + 1) * width - 1];
    const parts = spans.filter((span) => span.from <= to && from <= span.to);
    const cut = parts.map((span) => ({
      from: Math.max(span.from, from) - from,
      to: Math.min(span.to, to) - from,
    }));
    return [protocol, cut] as const;
  }).flatMap(([protocol, cut]) => (cut.length > 0 ? [[protocol, rangesText(protocol, cut)] as const] : []));
}

function rangesText(protocol: number, cut: readonly Span[]): string {
  if (cut.length === 1 && cut[0]?.from === 0 && cut[0].to === width - 1) return '';
  const types = hasTypes(protocol);
  const unit = types ? 256 : 1;
  const texts = cut.map(({ from, to }) => {
    const [first, last] = [Math.floor(from / unit), Math.floor(to / unit)];
    return first === last ? String(first) : `${first}-${last}`;
  });
  const several = texts.length > 1 || texts[0]?.includes('-');
  return `${types ? 'type' : 'port'}${several ? 's' : ''} ${either(texts)}`;
}

/** The sources that a policy rule is about. */
export function sourcesText(sources: MatchClause['sources']): string {
  if (!sources) return 'any source';
  const { public: wide, cidrs, prefixLists, groupsOfOtherAccounts, addressFamilies } = sources;
  const texts: string[] = [];
  if (wide) {
    const together = wide.union ? "alone or together with the group's other rules" : 'each alone';
    texts.push(
      `public address ranges wider than /${wide.ipv4WiderThan} (IPv6: /${wide.ipv6WiderThan}), ${together}`,
    );
  }
  if (cidrs) texts.push(`ranges that have an address in common with ${either(cidrs)}`);
  if (prefixLists) texts.push(`prefix list ${either(prefixLists)}`);
  if (groupsOfOtherAccounts) texts.push('security groups of another account');
  if (texts.length === 0) texts.push('any address range');
  const only =
    addressFamilies &&
    `, of ${either(
      addressFamilies.map((family) => (family === 'ipv4' ? 'IPv4' : 'IPv6')),
      'and',
    )} alone`;
  return `${texts.join('; or ')}${only ?? ''}`;
}

/** What an exception allows, and from which sources. */
export function allowText(allow: Allow): string {
  const { cidrs, prefixLists, groupsOfAccounts } = allow.sources;
  const texts = [
    ...(cidrs ? [either(cidrs)] : []),
    ...(prefixLists ? [`prefix list ${either(prefixLists)}`] : []),
    ...(groupsOfAccounts ? [`groups of account ${either(groupsOfAccounts)}`] : []),
  ];
  return `${trafficTexts(allow).join(', ')} from ${either(texts)}`;
}

/** Where a rule or an exception counts. */
export function scopeText(scope: Scope | undefined): string {
  const { include, exclude } = scope ?? {};
  const texts = [
    include ? `groups ${include.map(selectorText).join('; or ')}` : 'every group',
    ...(exclude ? [`but none ${exclude.map(selectorText).join('; or ')}`] : []),
  ];
  return texts.join(', ');
}

function selectorText(selector: Selector): string {
  const tagged = (tags: Readonly<Record<string, readonly string[]>>) =>
    either(
      Object.entries(tags).map(([key, values]) => `${key} = ${either(values)}`),
      'and',
    );
  const { organizationalUnits, accounts, regions, accountTags, vpcs, groupNames, groupTags, groupIds } =
    selector;
  const texts = [
    organizationalUnits && `in organizational unit ${either(organizationalUnits)}`,
    accounts && `in account ${either(accounts)}`,
    accountTags && `in an account tagged ${tagged(accountTags)}`,
    regions && `in Region ${either(regions)}`,
    vpcs && `in ${either(vpcs)}`,
    groupNames && `named ${either(groupNames)}`,
    groupTags && `tagged ${tagged(groupTags)}`,
    groupIds && `with the id ${either(groupIds)}`,
  ];
  return either(
    texts.filter((text) => text !== undefined),
    'and',
  );
}
