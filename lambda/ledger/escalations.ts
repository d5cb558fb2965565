import * as z from 'zod';
import { ingressKey, type Opening } from '../policy/rule.ts';
import type { Ledger } from './ledger.ts';
import { keyOf, type Place } from './shards.ts';

const kept = 14 * 24 * 3_600_000;

const recordSchema = z.object({
  /** False while the ingress is still closed at once each time, without a notification each time. */
  escalated: z.boolean().default(true),
  /** When it was last found open or closed, in milliseconds since the epoch. */
  seenAt: z.int(),
  /** When the schedule closes it again. */
  closesAt: z.int(),
  /** When people were last notified, and because of which event; null before the first time. */
  announcedAt: z.int().nullable(),
  announcedBy: z.string().nullable(),
});

/** What is recorded about ingress that was closed and opened again. */
export type Escalation = z.infer<typeof recordSchema>;

export async function readEscalation(
  ledger: Ledger,
  place: Place,
  ingress: Opening,
): Promise<Escalation | undefined> {
  const text = await ledger.read(escalationKey(place, ingress));
  return text === undefined ? undefined : recordSchema.parse(JSON.parse(text));
}

export async function writeEscalation(
  ledger: Ledger,
  place: Place,
  ingress: Opening,
  escalation: Escalation,
): Promise<void> {
  const until = new Date(escalation.seenAt + kept);
  await ledger.write(escalationKey(place, ingress), JSON.stringify(escalation), until);
}

const escalationKey = (place: Place, ingress: Opening) => `escalated/${keyOf(place)}/${ingressKey(ingress)}`;
