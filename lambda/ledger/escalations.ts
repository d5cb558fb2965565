import * as z from 'zod';
import { ingressKey, type Opening } from '../policy/rule.ts';
import type { Ledger } from './ledger.ts';
import type { Place } from './shards.ts';

const kept = 14 * 24 * 3_600_000;

const recordSchema = z.object({
  /** False while it is still closed at once each time, and people are not told of each closing any more. */
  escalated: z.boolean().default(true),
  /** When it was last found open or closed, milliseconds since the epoch. */
  seenAt: z.int(),
  /** When the schedule closes it again. */
  closesAt: z.int(),
  /** When people were last notified of it, and because of which event; null before. */
  announcedAt: z.int().nullable(),
  announcedBy: z.string().nullable(),
});

/** What is remembered of ingress that was closed and opened again, and of what people know of that. */
export type Escalation = z.infer<typeof recordSchema>;

export async function readEscalation(
  ledger: Ledger,
  place: Place,
  ingress: Opening,
): Promise<Escalation | undefined> {
  const text = await ledger.read(keyOf(place, ingress));
  return text === undefined ? undefined : recordSchema.parse(JSON.parse(text));
}

export async function writeEscalation(
  ledger: Ledger,
  place: Place,
  ingress: Opening,
  escalation: Escalation,
): Promise<void> {
  const until = new Date(escalation.seenAt + kept);
  await ledger.write(keyOf(place, ingress), JSON.stringify(escalation), until);
}

function keyOf({ account, region, groupId }: Place, ingress: Opening): string {
  return `escalated/${account}/${region}/${groupId}/${ingressKey(ingress)}`;
}
