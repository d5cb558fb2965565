import * as z from 'zod';
import type { SecurityGroupRule } from '../policy/security-group.ts';
import { ingressOf } from './history.ts';
import type { Ledger } from './ledger.ts';
import type { Place } from './shards.ts';

const kept = 14 * 24 * 3_600_000;

const recordSchema = z.object({
  /** When it was last found open or closed, milliseconds since the epoch. */
  seenAt: z.int(),
  /** When the schedule closes it again. */
  closesAt: z.int(),
  /** When people were last notified of it, and because of which event; null before. */
  announcedAt: z.int().nullable(),
  announcedBy: z.string().nullable(),
});

/** What is remembered of ingress that was closed and opened again too often. */
export type Escalation = z.infer<typeof recordSchema>;

type Ingress = Pick<SecurityGroupRule, 'protocol' | 'fromPort' | 'toPort' | 'source'>;

export async function readEscalation(
  ledger: Ledger,
  place: Place,
  ingress: Ingress,
): Promise<Escalation | undefined> {
  const text = await ledger.read(keyOf(place, ingress));
  return text === undefined ? undefined : recordSchema.parse(JSON.parse(text));
}

export async function writeEscalation(
  ledger: Ledger,
  place: Place,
  ingress: Ingress,
  escalation: Escalation,
): Promise<void> {
  const until = new Date(escalation.seenAt + kept);
  await ledger.write(keyOf(place, ingress), JSON.stringify(escalation), until);
}

function keyOf({ account, region, groupId }: Place, ingress: Ingress): string {
  return `escalated/${account}/${region}/${groupId}/${ingressOf(ingress)}`;
}
