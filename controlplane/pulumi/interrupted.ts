import { z } from 'zod';
import type { ResourceChange } from '../stacks/operation-record.ts';
import { resourceName } from './events.ts';

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  created: z.string().optional(),
  modified: z.string().optional(),
});
const exported = z.looseObject({ deployment: z.looseObject({ resources: z.array(resource).nullish() }) });

/** The state has the clock of the machine whose CLI wrote it, the intent has the database's. */
const apartMs = 60_000;

const isSince = (time: string | undefined, since: number): boolean =>
  time !== undefined && Date.parse(time) >= since - apartMs;

/**
 * What an operation that was cut short had made by then, from the state it left: an export's text, and when the intent
 * to operate was recorded. What it had deleted the state does not tell. Pure.
 */
export function changedSince(text: string, intent: Date): ResourceChange[] {
  const { resources } = exported.parse(JSON.parse(text)).deployment;
  return (resources ?? [])
    .filter(({ type }) => type !== 'pulumi:pulumi:Stack' && !type.startsWith('pulumi:providers:'))
    .filter(({ modified }) => isSince(modified, intent.getTime()))
    .map(({ urn, type, created }) => ({
      operation: isSince(created, intent.getTime()) ? 'create' : 'update',
      ...{ type, name: resourceName(urn), properties: [] },
    }));
}
