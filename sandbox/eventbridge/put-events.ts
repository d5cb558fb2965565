import type { Interceptor, Publish } from '../gateway/call.ts';

interface Entry {
  Source?: string;
  DetailType?: string;
  Detail?: string;
  EventBusName?: string;
  Resources?: string[];
  /** Seconds since 1970. */
  Time?: number;
}

const refusal = {
  __type: 'ValidationException',
  message: 'Detail is malformed: every entry needs a JSON object as Detail.',
};

/** PutEvents: the emulator checks the call and creates the ids; the sandbox delivers. */
export function putEvents(publish: Publish): Interceptor {
  return {
    name: 'put-events',
    matches: (call) => call.service === 'events' && call.action === 'PutEvents',
    async handle(call, forward) {
      const entries = (call.parameters.Entries ?? []) as Entry[];
      const details = entries.map((entry) => parse(entry.Detail));
      if (details.includes(null))
        return { status: 400, headers: json, body: Buffer.from(JSON.stringify(refusal)) };
      const answer = await forward();
      if (answer.status !== 200) return answer;
      const results = JSON.parse(answer.body.toString()).Entries as { EventId?: string }[];
      for (const [index, { EventId }] of results.entries()) {
        const entry = entries[index];
        if (!EventId || !entry) continue;
        const time = entry.Time === undefined ? new Date() : new Date(entry.Time * 1000);
        publish(
          {
            version: '0',
            id: EventId,
            'detail-type': entry.DetailType ?? '',
            source: entry.Source ?? '',
            account: call.accountId,
            time: `${time.toISOString().slice(0, 19)}Z`,
            region: call.region,
            resources: entry.Resources ?? [],
            detail: details[index],
          },
          entry.EventBusName?.split('/').at(-1),
        );
      }
      return answer;
    },
  };
}

const json = { 'content-type': 'application/x-amz-json-1.1' };

function parse(detail: string | undefined): unknown {
  try {
    const value: unknown = JSON.parse(detail ?? '');
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
