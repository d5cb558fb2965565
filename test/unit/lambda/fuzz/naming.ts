import { remembering } from './address-space.ts';
import { groupIds, listIds } from './ids.ts';
import type { Json } from './shapes.ts';

const regions = ['eu-west-1', 'us-east-1', 'us-gov-west-1'];

/** Where an event is from, by its envelope alone; undefined where that cannot be read. */
export function cellOf(event: Json): { account: string; region: string } | undefined {
  const { account, region } = event;
  const isNumber = typeof account === 'number' && Number.isSafeInteger(account) && account >= 0;
  const id = (isNumber || typeof account === 'string' ? String(account) : 'x').padStart(12, '0');
  if (!/^\d{12}$/.test(id) || !regions.includes(region as string)) return undefined;
  return { account: id, region: region as string };
}

/** What must be closed after an event. */
export type Meant = { groupId: string } | { groupName: string } | { prefixListId: string } | 'every group';

const openers = ['AuthorizeSecurityGroupIngress', 'ModifySecurityGroupRules'];
const edits = ['ModifyManagedPrefixList', 'RestoreManagedPrefixListVersion'];

/**
 * What an event of a successful call means, by the ids in it, in any form and place: with one group's id and no other
 * name, that group; with one name or a list's id, that one; with none, any group.
 */
export const meantBy = remembering((event: Json): Meant | 'not plain' => {
  const detail = event.detail as Json | null;
  const { eventName, errorCode, eventSource } = Object(detail) as Json;
  const isReadable =
    cellOf(event) && typeof event.id === 'string' && event.id.length > 0 && event.id.length <= 128;
  const isCall = event.source === 'aws.ec2' && event['detail-type'] === 'AWS API Call via CloudTrail';
  const succeeded = [undefined, null, '', 'Client.InvalidPermission.Duplicate'].includes(errorCode as string);
  if (!isReadable || !isCall || eventSource !== 'ec2.amazonaws.com' || !succeeded) return 'not plain';
  const texts = textsIn([detail?.requestParameters, detail?.responseElements]);
  if (edits.includes(eventName as string)) return listMeant(texts);
  return openers.includes(eventName as string) ? groupMeant(texts) : 'not plain';
}, new WeakMap());

function groupMeant(texts: [key: string, text: string][]): Meant | 'not plain' {
  const ids = new Set(texts.flatMap(([, text]) => (/^sg-[0-9a-zA-Z]+$/.test(text) ? [text] : [])));
  const names = new Set(
    texts.flatMap(([key, text]) => (/^groupName$/i.test(key) && text !== '' ? [text] : [])),
  );
  if (ids.size === 0 && names.size === 0) return 'every group';
  const [id = '', groupName = ''] = [[...ids][0], [...names][0]];
  if (ids.size === 1 && names.size === 0) return groupIds.includes(id) ? { groupId: id } : 'not plain';
  return names.size === 1 && ids.size === 0 ? { groupName } : 'not plain';
}

function listMeant(texts: [key: string, text: string][]): Meant | 'not plain' {
  const [id, ...more] = new Set(texts.flatMap(([, text]) => (/^pl-[0-9a-zA-Z]+$/.test(text) ? [text] : [])));
  if (id === undefined) return 'every group';
  return more.length === 0 && listIds.includes(id) ? { prefixListId: id } : 'not plain';
}

/** Every text in a tree with the key it stands under; what only names the source of a rule is left out. */
function textsIn(tree: unknown, key = '', found: [string, string][] = []): [string, string][] {
  if (typeof tree === 'string') found.push([key, tree]);
  if (typeof tree !== 'object' || tree === null || /^(groups|referencedGroupInfo)$/i.test(key)) return found;
  for (const [name, value] of Object.entries(tree)) textsIn(value, /^\d+$/.test(name) ? key : name, found);
  return found;
}
