import { type GetFunctionEventInvokeConfigCommandOutput, Lambda } from '@aws-sdk/client-lambda';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Background } from '../gateway/background.ts';
import type { BusEvent, Emulator } from '../gateway/call.ts';
import { clientsOf } from '../gateway/clients.ts';
import type { Journal } from './journal.ts';
import { type Arn, type Permissions, parseArn } from './permission.ts';
import type { Queues } from './queue.ts';

interface Dependencies {
  emulator: Emulator;
  permitted: Permissions;
  queue: Queues;
  journal: Journal;
  background: Background;
  retryDelay: number;
}

export interface Invocations {
  /** Accepts the event; the function gets it when its turn comes. */
  invoke(event: BusEvent, target: Arn, rule: string): void;
}

/** One event on its way to one function. */
interface Invocation {
  event: BusEvent;
  target: Arn;
  rule: string;
  client: Lambda;
}

/** How a function answered. `refused`: the service refused the invocation, not the function. */
interface Outcome {
  requestId: string;
  refused?: string;
  throttled?: boolean;
  functionError?: string;
  payload: unknown;
}

/** Each running function is a Node process; a small number keeps a small machine responsive. */
const concurrency = 6;

/**
 * Lambda's queue of asynchronous invocations. A failing function is retried by its event invoke config (twice by
 * default), and then its on-failure destination gets the documented record, if the function's role may send it.
 * Throttles count against the event's age only.
 */
export function invocations(given: Dependencies): Invocations {
  const limit = pLimit(concurrency);
  const clientOf = clientsOf(given.emulator, (settings) => new Lambda({ ...settings, maxAttempts: 1 }));
  return {
    invoke(event, target, rule) {
      const client = clientOf(target.accountId, target.region);
      given.background.follow(() => run(given, limit, { event, target, rule, client }));
    },
  };
}

async function run(given: Dependencies, limit: LimitFunction, invocation: Invocation): Promise<void> {
  const started = Date.now();
  let invoked = 0;
  for (let tries = 0; ; tries++) {
    const outcome = await limit(() => invokeOnce(invocation, given.background.halted));
    given.background.halted.throwIfAborted();
    if (!outcome.throttled) invoked++;
    const fault = outcome.refused ?? outcome.functionError;
    if (!fault) return;
    const config = await invokeConfig(invocation);
    const delay = given.retryDelay * 2 ** Math.min(tries, 8);
    const expired = Date.now() + delay - started > (config?.MaximumEventAgeInSeconds ?? 21_600) * 1000;
    if (expired || invoked > (config?.MaximumRetryAttempts ?? 2)) {
      const condition = expired ? 'EventAgeExceeded' : 'RetriesExhausted';
      return await fail(given, invocation, { outcome, invoked, condition, fault, config });
    }
    await given.background.pause(delay);
  }
}

/** Sends the failure record to the function's on-failure destination, when its role may reach it. */
async function fail(given: Dependencies, invocation: Invocation, end: Ending): Promise<void> {
  const { event, target, rule, client } = invocation;
  const at = { rule, target: target.text };
  const reason = `${end.condition} after ${end.invoked} invocations: ${end.fault}`;
  const destination = end.config?.DestinationConfig?.OnFailure?.Destination;
  if (!destination) return given.journal.record(event, at, 'failed', `${reason}; no on-failure destination`);
  try {
    const queue = parseArn(destination);
    if (queue.service !== 'sqs') throw new Error(`the sandbox has no ${queue.service} destinations`);
    const { Configuration } = await client.getFunction({ FunctionName: target.text });
    await given.permitted.execution(Configuration?.Role ?? '', 'sqs:SendMessage', queue);
    await given.queue.send(queue, JSON.stringify(failureRecord(event, target, end)));
    given.journal.record(event, at, 'dead-lettered', reason);
  } catch (error) {
    given.journal.record(event, at, 'failed', `${reason}; not dead-lettered: ${(error as Error).message}`);
  }
}

interface Ending {
  outcome: Outcome;
  invoked: number;
  condition: 'RetriesExhausted' | 'EventAgeExceeded';
  fault: string;
  config: GetFunctionEventInvokeConfigCommandOutput | null;
}

async function invokeOnce({ client, target, event }: Invocation, halted: AbortSignal): Promise<Outcome> {
  try {
    const { FunctionError, Payload, $metadata } = await client.invoke(
      { FunctionName: target.text, Payload: JSON.stringify(event) },
      { abortSignal: halted },
    );
    const payload: unknown = Payload?.length ? JSON.parse(Payload.transformToString()) : null;
    const requestId = $metadata.requestId ?? '';
    return FunctionError ? { requestId, functionError: FunctionError, payload } : { requestId, payload };
  } catch (error) {
    const { name, message } = error as Error;
    const throttled = name === 'TooManyRequestsException';
    return { requestId: '', refused: `${name}: ${message}`, throttled, payload: null };
  }
}

async function invokeConfig({
  client,
  target,
}: Invocation): Promise<GetFunctionEventInvokeConfigCommandOutput | null> {
  try {
    return await client.getFunctionEventInvokeConfig({ FunctionName: target.text });
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return null;
    throw error;
  }
}

/** docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
function failureRecord(event: BusEvent, target: Arn, { outcome, invoked, condition }: Ending): unknown {
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: outcome.requestId,
      functionArn: `${target.text}:$LATEST`,
      condition,
      approximateInvokeCount: invoked,
    },
    requestPayload: event,
    responseContext: outcome.refused
      ? { statusCode: outcome.throttled ? 429 : 500, executedVersion: '$LATEST' }
      : { statusCode: 200, executedVersion: '$LATEST', functionError: outcome.functionError },
    responsePayload: outcome.payload,
  };
}
