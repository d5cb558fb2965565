import { listIds, members } from './ids.ts';
import { check, isRevoke } from './invariants.ts';
import { cellOf, meantBy } from './naming.ts';
import type { Json } from './shapes.ts';
import type { Evaluations, Run, Snapshot } from './stage.ts';
import type { Group } from './world.ts';

/** The groups that an event is plainly about, as they were; undefined where it is not plain which. */
function groupsMeant(event: Json, state: Snapshot): { place: string; group: Group }[] | undefined {
  const meant = meantBy(event);
  const { account = '', region } = cellOf(event) ?? {};
  if (meant === 'not plain' || !members.includes(account)) return undefined;
  const isMeant = ({ id, name }: Group, rules: Group['rules']) => {
    if (meant === 'every group') return true;
    if ('groupId' in meant) return id === meant.groupId;
    if ('groupName' in meant) return name === meant.groupName;
    return rules.some((rule) => !rule.IsEgress && rule.PrefixListId === meant.prefixListId);
  };
  const isShared = typeof meant === 'object' && 'prefixListId' in meant && meant.prefixListId === listIds[0];
  return [...state].flatMap(([place, { group, rules }]) => {
    const isNear = place.startsWith(`${account}/${region}/`) || isShared;
    return isNear && isMeant(group, rules) ? [{ place, group }] : [];
  });
}

/**
 * An invocation that does not reject left nothing open that the policy takes away in what the event means. `guests`:
 * nor in the groups of other accounts that let its prefix list in.
 */
export function checkClosed(event: Json, run: Run, judged: Evaluations, guests: boolean): void {
  const isUnread = run.results.some(({ undecided }) => undecided.length > 0);
  const goesByUse = Object.hasOwn(Object(meantBy(event)), 'prefixListId');
  if (run.rejection || (run.record.mishaps > 0 && (isUnread || goesByUse))) return;
  const from = cellOf(event);
  for (const { place, group } of groupsMeant(event, run.before) ?? []) {
    const isOwn = place.startsWith(`${group.owner}/`);
    if (!isOwn || (group.owner !== from?.account && !guests)) continue;
    const open = [...judged(place)].flatMap(([id, each]) => (isRevoke(each) ? [id] : []));
    check(open.length === 0, `${place} still has ${open} after the event`);
  }
}

/**
 * An event in another form is about exactly the groups that it names: no other is inspected and none is missed. An
 * event that names none is about the groups of its Region that violate or may violate the policy.
 */
export function checkFound(event: Json, { results, before }: Run, judged: Evaluations): void {
  const isSuspect = ({ place }: { place: string }) =>
    [...judged(place).values()].some(({ verdict }) => verdict === 'forbidden' || verdict === 'unclear');
  const named = groupsMeant(event, before);
  const meant = meantBy(event) === 'every group' ? named?.filter(isSuspect) : named;
  if (!meant) return;
  const wanted = [...new Set(meant.map(({ group }) => group.id))].sort();
  const found = results.flatMap(({ groupId }) => groupId ?? []).sort();
  const isGone = wanted.length === 0 && results.every(({ outcome }) => outcome === 'group-gone');
  check(isGone || String(found) === String(wanted), `inspected ${found}, not ${wanted}`);
}
