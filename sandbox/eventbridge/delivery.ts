import { randomUUID } from 'node:crypto';
import type { Background } from '../gateway/background.ts';
import type { BusEvent, Emulator, Publish } from '../gateway/call.ts';
import { type Invocations, invocations } from './invocation.ts';
import type { Journal } from './journal.ts';
import { type Arn, DeliveryError, type Permissions, parseArn, permissions } from './permission.ts';
import { type Queues, queues } from './queue.ts';

interface Target {
  Id: string;
  Arn: string;
  RoleArn?: string;
  DeadLetterConfig?: { Arn: string };
  RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
}

interface Bus {
  accountId: string;
  region: string;
  name: string;
}

/** One event on its way to one target. `forwarded`: another bus sent it to the rule's bus. */
interface Passage {
  event: BusEvent;
  rule: Arn;
  target: Target;
  forwarded: boolean;
}

interface Engine {
  emulator: Emulator;
  journal: Journal;
  background: Background;
  retryDelay: number;
  permitted: Permissions;
  queue: Queues;
  functions: Invocations;
}

/** EventBridge's delivery. Both return once the event is accepted; delivery follows. */
export interface EventDelivery {
  publish: Publish;
  /**
   * Sends the event that a rule's schedule would send now, to this rule's targets only. No schedule runs by the clock.
   * @throws when the account's default bus has no such rule, or it is disabled or has no schedule
   */
  fire(rule: string, accountId: string, region: string): Promise<void>;
}

const knownKeys = new Set(['Id', 'Arn', 'RoleArn', 'DeadLetterConfig', 'RetryPolicy']);
const mostRetries = 5;

/**
 * EventBridge's delivery for the whole organization. Each event goes to every matching rule of its bus. A target is
 * reached only with every permission that AWS requires. A failed event goes to the target's dead-letter queue, if that
 * allows it. An event from another bus is not forwarded again. Retries stop after five. @param retryDelay milliseconds
 * before the first retry of a target or function; doubles each time. Minutes in AWS.
 */
export function delivery(
  emulator: Emulator,
  journal: Journal,
  background: Background,
  retryDelay: number,
): EventDelivery {
  const base = { emulator, journal, background, retryDelay };
  const permitted = permissions(emulator);
  const queue = queues(emulator);
  const engine = { ...base, permitted, queue, functions: invocations({ ...base, permitted, queue }) };
  return {
    publish: (event, name = 'default') =>
      background.follow(() =>
        arrive(engine, event, { accountId: event.account, region: event.region, name }, false),
      ),
    async fire(rule, accountId, region) {
      const found = (await emulator.admin('scheduled', { accountId, region, rule })) as Matched | null;
      if (!found) throw new Error(`no rule ${rule} goes by a schedule in account ${accountId}, ${region}`);
      invokeAll(engine, scheduledEvent(found.arn), found, false);
    },
  };
}

/** docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html */
function scheduledEvent(rule: string): BusEvent {
  const { accountId, region } = parseArn(rule);
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: accountId,
    time: `${new Date().toISOString().slice(0, 19)}Z`,
    region,
    resources: [rule],
    detail: {},
  };
}

/** A rule that takes an event, and where that goes. */
interface Matched {
  arn: string;
  targets: Target[];
}

function invokeAll(engine: Engine, event: BusEvent, { arn, targets }: Matched, forwarded: boolean): void {
  const rule = parseArn(arn);
  for (const target of targets)
    engine.background.follow(() => attempt(engine, { event, rule, target, forwarded }));
}

async function arrive(engine: Engine, event: BusEvent, bus: Bus, forwarded: boolean): Promise<void> {
  const { accountId, region, name } = bus;
  const found = await engine.emulator.admin('match', { accountId, region, bus: name, event });
  for (const matched of (found ?? []) as Matched[]) invokeAll(engine, event, matched, forwarded);
}

/** Tries until the target accepts the event, its retries are used up, or a retry cannot help. */
async function attempt(engine: Engine, passage: Passage): Promise<void> {
  const { event, rule, target } = passage;
  const retries = Math.min(target.RetryPolicy?.MaximumRetryAttempts ?? 185, mostRetries);
  for (let tried = 0; ; tried++) {
    try {
      await invokeTarget(engine, passage);
      return engine.journal.record(event, { rule: rule.text, target: target.Arn }, 'delivered');
    } catch (error) {
      engine.background.halted.throwIfAborted();
      const failure =
        error instanceof DeliveryError ? error : new DeliveryError('UNKNOWN', String(error), true);
      if (!failure.transient || tried >= retries)
        return await sendToDeadLetterQueue(engine, passage, failure, tried);
      await engine.background.pause(engine.retryDelay * 2 ** tried);
    }
  }
}

/** @throws DeliveryError */
async function invokeTarget(engine: Engine, { event, rule, target, forwarded }: Passage): Promise<void> {
  const unknown = Object.keys(target).find((key) => !knownKeys.has(key));
  if (unknown) throw new DeliveryError('INVALID_PARAMETER', `the sandbox has no ${unknown} on targets`);
  const arn = parseArn(target.Arn);
  if (arn.service === 'events') {
    if (forwarded) {
      const reason = `an event from another event bus is not sent on to ${arn.text}`;
      throw new DeliveryError('THIRD_ACCOUNT_HOP_DETECTED', reason);
    }
    await engine.permitted.role(target.RoleArn, arn, rule);
    const bus = {
      accountId: arn.accountId,
      region: arn.region,
      name: arn.resource.replace('event-bus/', ''),
    };
    return engine.background.follow(() => arrive(engine, event, bus, true));
  }
  if (arn.accountId !== rule.accountId || arn.region !== rule.region)
    throw new DeliveryError('INVALID_PARAMETER', `${arn.text} is not in the rule's account and Region`);
  if (arn.service === 'lambda') {
    await engine.permitted.service('lambda:InvokeFunction', arn, rule);
    return engine.functions.invoke(event, arn, rule.text);
  }
  if (arn.service !== 'sqs')
    throw new DeliveryError('INVALID_PARAMETER', `the sandbox has no ${arn.service} targets`);
  await engine.permitted.service('sqs:SendMessage', arn, rule);
  await engine.queue.send(arn, JSON.stringify(event));
}

/** Sends the event to the target's dead-letter queue, when that exists and allows it. */
async function sendToDeadLetterQueue(
  engine: Engine,
  passage: Passage,
  failure: DeliveryError,
  retried: number,
): Promise<void> {
  const { event, rule, target } = passage;
  const at = { rule: rule.text, target: target.Arn };
  const dead = target.DeadLetterConfig?.Arn;
  if (!dead)
    return engine.journal.record(
      event,
      at,
      'failed',
      `${failure.message}; the target has no dead-letter queue`,
    );
  const retries = { EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts', RETRY_ATTEMPTS: String(retried) };
  try {
    const arn = parseArn(dead);
    if (arn.region !== rule.region)
      throw new DeliveryError('INVALID_PARAMETER', `${dead} is in another Region`);
    await engine.permitted.service('sqs:SendMessage', arn, rule);
    await engine.queue.send(arn, JSON.stringify(event), {
      RULE_ARN: rule.text,
      TARGET_ARN: target.Arn,
      ERROR_CODE: failure.code,
      ERROR_MESSAGE: failure.message,
      ...(failure.transient ? retries : {}),
    });
    engine.journal.record(event, at, 'dead-lettered', failure.message);
  } catch (error) {
    const refusal = error instanceof Error ? error.message : String(error);
    engine.journal.record(event, at, 'failed', `${failure.message}; not dead-lettered: ${refusal}`);
  }
}
