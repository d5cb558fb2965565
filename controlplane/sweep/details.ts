import { ownerOf } from '../../lambda/contract/owner.ts';
import type { PrefixList, SecurityGroupRule } from '../../lambda/policy/security-group.ts';
import type { OpenedBy } from '../store/findings/finding.ts';
import type { Attachment } from './exposure.ts';
import { type Ec2Of, readInterfaces, readNetworks } from './network.ts';
import type { Offences } from './offences.ts';
import { readOpeners } from './opened-by.ts';
import { isUnread, orUnread, type Unread } from './patience.ts';
import type { Cell, ReadingContext } from './read-cell.ts';
import { contentKey, readRules } from './rules.ts';

/** What was read about the groups of a cell that have an offence, as far as it could be read. */
export interface CellDetails {
  /** The rule with its id; undefined where it is not known. */
  ruleOf(rule: SecurityGroupRule): SecurityGroupRule | undefined;
  attachmentOf(groupId: string): Attachment;
  openedBy(ruleId: string | undefined): OpenedBy | null;
  readonly accountTags: Readonly<Record<string, string>> | null;
  readonly prefixLists: ReadonlyMap<string, PrefixList>;
  readonly notes: readonly string[];
}

type Context = Pick<ReadingContext, 'aws' | 'policy' | 'accountTags'>;

/** Makes no call for a cell without an offence. Never throws: what cannot be read is unknown, and noted. */
export async function readDetails(context: Context, cell: Cell, offences: Offences): Promise<CellDetails> {
  const { offending, prefixLists } = offences;
  const groupIds = offending.map(({ group }) => group.id);
  if (groupIds.length === 0) return nothing(prefixLists);
  const { accountId, region } = cell;
  const ec2Of: Ec2Of = (account) => context.aws.ec2(account, region);
  const [rules, attachments, accountTags] = await Promise.all([
    orUnread('the ids of the rules', async () => readRules(await ec2Of(accountId), groupIds)),
    readAttachments(ec2Of, accountId, groupIds),
    orUnread("the account's tags", async () => ({ tags: await tagsOfAccount(context, cell, offences) })),
  ]);
  const ruleOf: CellDetails['ruleOf'] = (rule) =>
    isUnread(rules) ? undefined : rules.get(rule.groupId)?.get(contentKey(rule));
  const openers = await findOpeners(context, cell, offences, ruleOf);
  return {
    ruleOf,
    attachmentOf: (groupId) => attachments.of(groupId),
    openedBy: (ruleId) => (isUnread(openers) ? null : (openers.get(ruleId ?? '') ?? null)),
    accountTags: isUnread(accountTags) ? null : accountTags.tags,
    prefixLists,
    notes: [rules, attachments.interfaces, accountTags, openers].flatMap((read) =>
      isUnread(read) ? [read.unread] : [],
    ),
  };
}

const nothing = (prefixLists: CellDetails['prefixLists']): CellDetails => ({
  ruleOf: () => undefined,
  attachmentOf: () => ({
    interfaces: { unread: 'the network interfaces were not read' },
    subnets: new Map(),
  }),
  openedBy: () => null,
  accountTags: null,
  prefixLists,
  notes: [],
});

/** Read only where a group has no owner tag. */
async function tagsOfAccount(
  { policy, accountTags }: Context,
  { accountId }: Cell,
  { offending }: Offences,
): Promise<Readonly<Record<string, string>> | null> {
  return offending.every(({ group }) => ownerOf(policy, group)) ? null : accountTags(accountId);
}

/** Only findings are looked up: who opened a rule that could not be evaluated is not asked. */
async function findOpeners(
  { aws }: Context,
  { accountId, region }: Cell,
  { offending }: Offences,
  ruleOf: CellDetails['ruleOf'],
): Promise<ReadonlyMap<string, OpenedBy> | Unread> {
  const forbidden = offending.flatMap(({ offences }) =>
    offences.flatMap(({ verdict, rule }) => (verdict === 'undecided' ? [] : (ruleOf(rule)?.id ?? []))),
  );
  if (forbidden.length === 0) return new Map();
  return orUnread('who opened the rules', async () =>
    readOpeners(await aws.cloudTrail(accountId, region), new Set(forbidden)),
  );
}

async function readAttachments(ec2Of: Ec2Of, accountId: string, groupIds: readonly string[]) {
  const interfaces = await orUnread('the network interfaces', async () =>
    readInterfaces(await ec2Of(accountId), groupIds),
  );
  const faces = isUnread(interfaces) ? [] : [...interfaces.values()].flat();
  const inQuestion = faces.filter((face) => face.inUse && face.public[4].length + face.public[6].length > 0);
  const subnets = await readNetworks(ec2Of, accountId, [
    ...new Set(inQuestion.map(({ subnetId }) => subnetId)),
  ]);
  return {
    interfaces,
    of: (groupId: string): Attachment => ({
      interfaces: isUnread(interfaces) ? interfaces : (interfaces.get(groupId) ?? []),
      subnets,
    }),
  };
}
