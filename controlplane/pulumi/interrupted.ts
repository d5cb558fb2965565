import type { ResourceChange } from '../stacks/operation-record.ts';
import { resourceName } from './events.ts';
import { readExport } from './exported-state.ts';

/** The state has the clock of the machine whose CLI wrote it, the intent has the database's. */
const apartMs = 60_000;

const isSince = (time: string | undefined, since: number): boolean =>
  time !== undefined && Date.parse(time) >= since - apartMs;

/**
 * What an interrupted operation had changed, from the state that it left: an export's text, and when the intent to
 * operate was recorded. The state does not show what it had deleted. Pure.
 */
export function changedSince(text: string, intent: Date): ResourceChange[] {
  return readExport(text)
    .resources.filter(({ type }) => type !== 'pulumi:pulumi:Stack' && !type.startsWith('pulumi:providers:'))
    .filter(({ modified }) => isSince(modified, intent.getTime()))
    .map(({ urn, type, created }) => ({
      operation: isSince(created, intent.getTime()) ? 'create' : 'update',
      ...{ type, name: resourceName(urn), properties: [] },
    }));
}
