import * as z from 'zod';

const source = 'portcullis.sweep';
const detailType = 'Portcullis Sweep';

/**
 * The event by which a sweep hands a group to the Lambda. It is a hint as every event is: the group is read again and
 * evaluated by the policy. No rule of the hub delivers such an event from a bus.
 */
export const sweepEventSchema = z.object({
  id: z.string().min(1).max(128),
  source: z.literal(source),
  'detail-type': z.literal(detailType),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z]{2,5}(-[a-z]+)+-\d+$/),
  detail: z.object({
    sweepId: z.uuid(),
    groupId: z.string().regex(/^sg-[0-9a-f]{8,17}$/),
  }),
});

export type SweepEvent = z.infer<typeof sweepEventSchema>;

/** Whether a result is of a group that a sweep handed over, and not of an event of AWS, whose ids have no dot. */
export const isOfSweep = ({ eventId }: { readonly eventId: string }): boolean =>
  /^[0-9a-f-]{36}\.sg-/.test(eventId);

/** The id is derived from sweep and group, so that a group handed over again changes nothing. */
export const sweepEvent = (
  { account, region }: Pick<SweepEvent, 'account' | 'region'>,
  detail: SweepEvent['detail'],
): SweepEvent => ({
  id: `${detail.sweepId}.${detail.groupId}`,
  ...{ source, 'detail-type': detailType, account, region, detail },
});
