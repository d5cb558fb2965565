import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { MatchClause } from '../../../../lambda/policy/schema/match.ts';
import { meanings } from './address-pool.ts';
import { type Block, blockOf, meets, publicCount, tooWide, withMapped } from './address-space.ts';
import type { Answer } from './oracle-scope.ts';

/** What a prefix list is: its entries as texts, one of AWS, or not to be read. */
export type Content = { cidrs: string[] } | 'aws' | 'unreadable';

/**
 * The source of a rule. `doubt` could be any address; `nonsense` names no source, or two. `list` is a prefix list's id.
 */
export type Source = { list?: string } & (
  | { kind: 'blocks'; blocks: Block[] }
  | { kind: 'group'; account: string | undefined }
  | { kind: 'trusted' | 'doubt' | 'nonsense' }
);

export function expectedSource(
  { CidrIpv4, CidrIpv6, PrefixListId: list, ReferencedGroupInfo: group }: SecurityGroupRule,
  lists: ReadonlyMap<string, Content>,
  trustAws: boolean,
): Source {
  const named = [CidrIpv4, CidrIpv6, list, group?.GroupId].filter(Boolean);
  if (named.length !== 1) return { kind: 'nonsense' };
  if (group) return { kind: 'group', account: group.UserId };
  if (!list) return addresses([CidrIpv4 ?? CidrIpv6 ?? '']);
  const content = lists.get(list) ?? 'unreadable';
  if (content === 'aws') return { kind: trustAws ? 'trusted' : 'doubt', list };
  if (content === 'unreadable') return { kind: 'doubt', list };
  return { ...addresses(content.cidrs), list };
}

function addresses(texts: string[]): Source {
  const blocks: Block[] = [];
  for (const text of texts) {
    const block = meanings.has(text) ? meanings.get(text) : blockOf(text);
    if (!block) return { kind: 'doubt' };
    blocks.push(...withMapped(block));
  }
  return { kind: 'blocks', blocks };
}

export function ofFamilies(blocks: Block[], families: ('ipv4' | 'ipv6')[] | undefined): Block[] {
  return blocks.filter(({ family }) => !families || families.includes(family === 4 ? 'ipv4' : 'ipv6'));
}

type Clause = NonNullable<MatchClause['sources']>;

/** Whether a clause names a source of the rule. */
export function matchSource(
  clause: Clause | undefined,
  source: Source,
  account: string,
  isWideTogether: () => boolean,
): Answer {
  if (!clause) return 'yes';
  const { public: limits, cidrs, prefixLists, groupsOfOtherAccounts, addressFamilies } = clause;
  const answers: Answer[] = [];
  const ask = (test: (blocks: Block[]) => boolean) => answers.push(byAddress(source, addressFamilies, test));
  if (prefixLists) answers.push(listAnswer(prefixLists, source));
  if (groupsOfOtherAccounts) answers.push(groupAnswer(source, account));
  if (cidrs) {
    const named = cidrs.flatMap((text) => withMapped(blockOf(text)));
    ask((blocks) => blocks.some((block) => named.some((each) => meets(each, block))));
  }
  if (limits) ask((blocks) => isPublicAndWide(limits, blocks, isWideTogether));
  if (answers.length === 0) ask(() => true);
  return answers.includes('yes') ? 'yes' : answers.includes('unknown') ? 'unknown' : 'no';
}

function isPublicAndWide(
  limits: NonNullable<Clause['public']>,
  blocks: Block[],
  isWideTogether: () => boolean,
): boolean {
  const limitOf = ({ family }: Block) => (family === 4 ? limits.ipv4WiderThan : limits.ipv6WiderThan);
  if (blocks.some((block) => block.length < limitOf(block) && publicCount(block) > 0n)) return true;
  if (!limits.union || !blocks.some((block) => publicCount(block) > 0n)) return false;
  const alone = tooWide(blocks, 4, limits.ipv4WiderThan) || tooWide(blocks, 6, limits.ipv6WiderThan);
  return alone || isWideTogether();
}

function byAddress(
  source: Source,
  families: Clause['addressFamilies'],
  test: (blocks: Block[]) => boolean,
): Answer {
  if (source.kind === 'doubt' || source.kind === 'nonsense') return 'unknown';
  if (source.kind !== 'blocks') return 'no';
  const judged = ofFamilies(source.blocks, families);
  return judged.length > 0 && test(judged) ? 'yes' : 'no';
}

function listAnswer(ids: readonly string[], { kind, list }: Source): Answer {
  if (kind === 'nonsense') return 'unknown';
  return list !== undefined && ids.includes(list) ? 'yes' : 'no';
}

function groupAnswer(source: Source, account: string): Answer {
  if (source.kind === 'doubt' || source.kind === 'nonsense') return 'unknown';
  if (source.kind !== 'group') return 'no';
  if (source.account === undefined) return 'unknown';
  return source.account === account ? 'no' : 'yes';
}
