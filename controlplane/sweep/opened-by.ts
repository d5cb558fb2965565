import { type CloudTrailClient, type Event, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { z } from 'zod';
import { subjectOfAuthorize, subjectOfModify } from '../../lambda/event/parameters.ts';
import type { OpenedBy } from '../store/findings/finding.ts';
import { patiently } from './patience.ts';

/** The calls that open ingress, with how many pages of 50 are read of each. An edit keeps the rule's id. */
const calls = [
  { name: 'AuthorizeSecurityGroupIngress', pages: 4 },
  { name: 'ModifySecurityGroupRules', pages: 2 },
] as const;

const text = z.string().min(1).nullish().catch(null);
const record = z.object({
  eventName: z.string(),
  eventID: z.string(),
  eventTime: z.iso.datetime(),
  errorCode: z.string().nullish(),
  userIdentity: z.object({ arn: text, invokedBy: text, userName: text, principalId: text }),
  requestParameters: z.unknown(),
  responseElements: z.unknown(),
});

/** A call that opened ingress, with the ids of the rules that it made or edited. */
interface Opening extends OpenedBy {
  readonly ruleIds: readonly string[];
}

/** What a CloudTrail event says about who opened which rules; nothing where it failed or has another form. Pure. */
export function openingIn({ CloudTrailEvent = '' }: Pick<Event, 'CloudTrailEvent'>): Opening | undefined {
  const { success, data } = record.safeParse(jsonOf(CloudTrailEvent));
  if (!success || data.errorCode) return undefined;
  const { arn, invokedBy, userName, principalId } = data.userIdentity;
  const { ruleIds } =
    data.eventName === 'ModifySecurityGroupRules'
      ? subjectOfModify(data.requestParameters)
      : subjectOfAuthorize(data.requestParameters, data.responseElements);
  const principal = arn ?? invokedBy ?? userName ?? principalId;
  if (!principal) return undefined;
  return {
    principal,
    eventId: data.eventID,
    eventTime: new Date(data.eventTime).toISOString(),
    ruleIds,
  };
}

function jsonOf(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}

/**
 * Who opened each of these rules last, where CloudTrail's event history still has it: 90 days, the latest pages only.
 * @throws when CloudTrail cannot be read
 */
export async function readOpeners(
  cloudTrail: CloudTrailClient,
  ruleIds: ReadonlySet<string>,
): Promise<Map<string, OpenedBy>> {
  const openers = new Map<string, OpenedBy>();
  for (const { name, pages } of calls) {
    let NextToken: string | undefined;
    const found = new Set<string>();
    for (let page = 0; page < pages && found.size < ruleIds.size; page += 1) {
      const LookupAttributes = [{ AttributeKey: 'EventName' as const, AttributeValue: name }];
      const asked = { LookupAttributes, MaxResults: 50, NextToken };
      const answer = await patiently(() => cloudTrail.send(new LookupEventsCommand(asked)));
      for (const { ruleIds: ids, ...opener } of (answer.Events ?? []).flatMap(
        (one) => openingIn(one) ?? [],
      )) {
        for (const id of ids) {
          if (!ruleIds.has(id)) continue;
          found.add(id);
          const known = openers.get(id);
          if (!known || known.eventTime < opener.eventTime) openers.set(id, opener);
        }
      }
      NextToken = answer.NextToken;
      if (!NextToken) break;
    }
  }
  return openers;
}
