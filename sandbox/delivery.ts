import { setTimeout as sleep } from 'node:timers/promises';
import type { BusEvent, Emulator, Publish } from './call.ts';
import { invocations } from './invocation.ts';
import type { Journal } from './journal.ts';
import { type Arn, DeliveryError, parseArn, permissions } from './permission.ts';
import { queues } from './queue.ts';

/** A target of a rule as EventBridge keeps it. */
interface Target {
  Id: string;
  Arn: string;
  RoleArn?: string;
  DeadLetterConfig?: { Arn: string };
  RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
  [other: string]: unknown;
}

interface Bus {
  accountId: string;
  region: string;
  name: string;
}

export interface DeliveryEngine {
  publish: Publish;
  /** Runs work that nobody waits for; its failure is logged. `stop` waits for it. */
  follow(work: () => Promise<void>): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  /** Ends retries, waits up to two seconds for what is under way and drops the rest. */
  stop(): Promise<void>;
}

export interface DeliveryOptions {
  log: (line: string) => void;
  /** Milliseconds before the first retry of a target or of a function; doubles each time. Minutes in AWS. */
  retryDelay: number;
}

const ignored = new Set(['Id', 'Arn', 'RoleArn', 'DeadLetterConfig', 'RetryPolicy']);
const longestRetry = 5;

/**
 * EventBridge's delivery for the whole organization. Each event goes to every matching rule of its bus, each target is
 * reached only with every permission that AWS asks for, and what fails goes to the target's dead-letter queue, if that
 * admits it. An event that came from another bus is never sent on to a further one. Retries stop after five attempts.
 */
export function delivery(emulator: Emulator, journal: Journal, options: DeliveryOptions): DeliveryEngine {
  const permitted = permissions(emulator);
  const queue = queues(emulator);
  const halt = new AbortController();
  const working = new Set<Promise<void>>();
  const follow = (work: () => Promise<void>): void => {
    if (halt.signal.aborted) return;
    const done: Promise<void> = work()
      .catch((error: Error) => {
        if (!halt.signal.aborted) options.log(`delivery: ${error.stack ?? error.message}`);
      })
      .finally(() => working.delete(done));
    working.add(done);
  };
  const functions = invocations({
    emulator,
    permitted,
    queue,
    journal,
    follow,
    halt: halt.signal,
    ...options,
  });

  const arrive = async (event: BusEvent, bus: Bus, forwarded: boolean): Promise<void> => {
    const found = await emulator.admin('match', {
      accountId: bus.accountId,
      region: bus.region,
      bus: bus.name,
      event,
    });
    for (const rule of (found ?? []) as { arn: string; targets: Target[] }[])
      for (const target of rule.targets) follow(() => attempt(event, parseArn(rule.arn), target, forwarded));
  };

  const reach = async (event: BusEvent, rule: Arn, target: Target, forwarded: boolean): Promise<void> => {
    const unknown = Object.keys(target).find((key) => !ignored.has(key));
    if (unknown) throw new DeliveryError('INVALID_PARAMETER', `the sandbox has no ${unknown} on targets`);
    const arn = parseArn(target.Arn);
    if (arn.service === 'events') {
      if (forwarded)
        throw new DeliveryError(
          'THIRD_ACCOUNT_HOP_DETECTED',
          `an event from another event bus is not sent on to ${arn.text}`,
        );
      await permitted.role(target.RoleArn, arn, rule);
      const bus = {
        accountId: arn.accountId,
        region: arn.region,
        name: arn.resource.replace('event-bus/', ''),
      };
      return follow(() => arrive(event, bus, true));
    }
    if (arn.accountId !== rule.accountId || arn.region !== rule.region)
      throw new DeliveryError('INVALID_PARAMETER', `${arn.text} is not in the rule's account and Region`);
    if (arn.service === 'lambda') {
      await permitted.service('lambda:InvokeFunction', arn, rule);
      return functions.invoke(event, arn, rule.text);
    }
    if (arn.service !== 'sqs')
      throw new DeliveryError('INVALID_PARAMETER', `the sandbox has no ${arn.service} targets`);
    await permitted.service('sqs:SendMessage', arn, rule);
    await queue.send(arn, JSON.stringify(event));
  };

  const attempt = async (event: BusEvent, rule: Arn, target: Target, forwarded: boolean): Promise<void> => {
    const at = { rule: rule.text, target: target.Arn };
    const retries = Math.min(target.RetryPolicy?.MaximumRetryAttempts ?? 185, longestRetry);
    for (let tried = 0; ; tried++) {
      try {
        await reach(event, rule, target, forwarded);
        return journal.record(event, at, 'delivered');
      } catch (error) {
        halt.signal.throwIfAborted();
        const failure =
          error instanceof DeliveryError ? error : new DeliveryError('UNKNOWN', String(error), true);
        if (!failure.transient || tried >= retries) return await bury(event, rule, target, failure, tried);
        await sleep(options.retryDelay * 2 ** tried, undefined, { signal: halt.signal });
      }
    }
  };

  const bury = async (
    event: BusEvent,
    rule: Arn,
    target: Target,
    failure: DeliveryError,
    retried: number,
  ) => {
    const at = { rule: rule.text, target: target.Arn };
    const dead = target.DeadLetterConfig?.Arn;
    if (!dead)
      return journal.record(event, at, 'failed', `${failure.message}; the target has no dead-letter queue`);
    try {
      const arn = parseArn(dead);
      if (arn.region !== rule.region)
        throw new DeliveryError('INVALID_PARAMETER', `${dead} is in another Region`);
      await permitted.service('sqs:SendMessage', arn, rule);
      await queue.send(arn, JSON.stringify(event), {
        RULE_ARN: rule.text,
        TARGET_ARN: target.Arn,
        ERROR_CODE: failure.code,
        ERROR_MESSAGE: failure.message,
        ...(failure.transient
          ? { EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts', RETRY_ATTEMPTS: String(retried) }
          : {}),
      });
      journal.record(event, at, 'dead-lettered', failure.message);
    } catch (error) {
      const refusal = error instanceof Error ? error.message : String(error);
      journal.record(event, at, 'failed', `${failure.message}; not dead-lettered: ${refusal}`);
    }
  };

  const idle = async (): Promise<void> => {
    while (working.size > 0) await Promise.all(working);
  };
  return {
    publish: (event, bus = 'default') =>
      follow(() => arrive(event, { accountId: event.account, region: event.region, name: bus }, false)),
    follow,
    idle,
    async stop() {
      halt.abort();
      await Promise.race([idle(), sleep(2000, undefined, { ref: false })]);
    },
  };
}
