import { createHmac, randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Answer, Call, Interceptor } from '../gateway/call.ts';
import { jsonAnswer, Refusal, refusalAnswer, refusedByEmulator } from '../gateway/refusal.ts';

type Detail = Record<string, unknown>;

/** CloudTrail's event history of every account and Region, which exists without any trail. */
export interface EventHistory {
  add(accountId: string, region: string, detail: Detail): void;
  /** Answers LookupEvents. */
  interceptor: Interceptor;
}

const attributeKeys = [
  ...['EventId', 'EventName', 'ReadOnly', 'Username', 'ResourceType', 'ResourceName', 'EventSource'],
  'AccessKeyId',
] as const;

const request = z.strictObject({
  LookupAttributes: z
    .array(z.strictObject({ AttributeKey: z.enum(attributeKeys), AttributeValue: z.string().min(1) }))
    .max(1)
    .default([]),
  StartTime: z.number().optional(),
  EndTime: z.number().optional(),
  EventCategory: z.literal('insight').optional(),
  MaxResults: z.int().min(1).max(50).default(50),
  NextToken: z.string().optional(),
});
type Request = z.infer<typeof request>;

const key = randomBytes(16);
const signed = (text: string) => createHmac('sha256', key).update(text).digest('hex');

/** A token continues the same request only. */
const tokenOf = (start: number, asked: string) =>
  Buffer.from(JSON.stringify([start, signed(`${start} ${asked}`)])).toString('base64');

function startOf(token: string, asked: string): number {
  try {
    const [start, signature] = JSON.parse(Buffer.from(token, 'base64').toString());
    if (signature === signed(`${start} ${asked}`)) return start;
  } catch {
    // As a token that was changed.
  }
  throw new Refusal('InvalidNextTokenException', 'The token is not valid, or another call gave it.');
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([one]) => one === name)?.[1]
    : undefined;

const seconds = (detail: Detail) => Date.parse(String(detail.eventTime)) / 1_000;

/** An event as LookupEvents lists it. Resources: the group that the request names in the form of older calls. */
function listed(detail: Detail) {
  const { userIdentity, requestParameters } = detail;
  const groupId = field(requestParameters, 'groupId');
  const arn = String(field(userIdentity, 'arn') ?? '');
  return {
    EventId: String(detail.eventID),
    EventName: String(detail.eventName),
    ReadOnly: String(detail.readOnly),
    AccessKeyId: String(field(userIdentity, 'accessKeyId') ?? ''),
    EventTime: seconds(detail),
    EventSource: String(detail.eventSource),
    Username: String(field(userIdentity, 'userName') ?? arn.split('/').at(-1) ?? ''),
    Resources:
      typeof groupId === 'string' ? [{ ResourceType: 'AWS::EC2::SecurityGroup', ResourceName: groupId }] : [],
    CloudTrailEvent: JSON.stringify(detail),
  };
}

type Listed = ReturnType<typeof listed>;

function matches(event: Listed, { LookupAttributes, StartTime, EndTime }: Request): boolean {
  if (event.EventTime < (StartTime ?? 0) || event.EventTime > (EndTime ?? Number.POSITIVE_INFINITY))
    return false;
  const [wanted] = LookupAttributes;
  if (!wanted) return true;
  const { AttributeKey: name, AttributeValue: value } = wanted;
  if (name === 'ResourceName' || name === 'ResourceType')
    return event.Resources.some((one) => one[name] === value);
  return event[name] === value;
}

function lookUp(events: readonly Listed[], call: Call): Answer {
  const parsed = request.safeParse(call.parameters);
  if (!parsed.success) {
    const [path] = parsed.error.issues.map((issue) => issue.path.join('.'));
    const code = path?.startsWith('MaxResults')
      ? 'InvalidMaxResultsException'
      : 'InvalidLookupAttributesException';
    return refusalAnswer(call, new Refusal(code, `${path} is not valid.`));
  }
  const { NextToken, MaxResults, ...question } = parsed.data;
  const asked = JSON.stringify([call.accountId, call.region, question]);
  try {
    const start = NextToken ? startOf(NextToken, asked) : 0;
    const found = question.EventCategory ? [] : events.filter((event) => matches(event, parsed.data));
    const end = start + MaxResults;
    return jsonAnswer(200, {
      Events: found.slice(start, end),
      ...(end < found.length && { NextToken: tokenOf(end, asked) }),
    });
  } catch (error) {
    if (error instanceof Refusal) return refusalAnswer(call, error);
    throw error;
  }
}

/** Keeps what the recorder gives it, and lets the caller look its own account and Region up, newest first. */
export function eventHistory(): EventHistory {
  const kept = new Map<string, Listed[]>();
  return {
    add(accountId, region, detail) {
      const place = `${accountId} ${region}`;
      kept.set(place, [listed(detail), ...(kept.get(place) ?? [])]);
    },
    interceptor: {
      name: 'event history',
      matches: (call) => call.service === 'cloudtrail' && call.action === 'LookupEvents',
      async handle(call, forward) {
        return (
          (await refusedByEmulator(forward)) ??
          lookUp(kept.get(`${call.accountId} ${call.region}`) ?? [], call)
        );
      },
    },
  };
}
