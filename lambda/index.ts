import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { awsCloud } from './aws/cloud.ts';
import { readEnvironment } from './aws/environment.ts';
import { consoleLog } from './aws/log.ts';
import { type BatchResponse, handleBatch, readBatch } from './batch.ts';
import type { RemediationResult } from './contract/result.ts';
import { createHandler, type Handler } from './handler.ts';
import { tableLedger } from './ledger/table.ts';
import { accountsSchema } from './policy/account-facts.ts';
import { policySchema } from './policy/schema/policy.ts';

/** Defined by the bundle. */
declare const PORTCULLIS_POLICY: unknown;
/** Defined by the bundle. */
declare const PORTCULLIS_ACCOUNTS: unknown;

let ready: Handler | undefined;

/**
 * The Lambda's entry point, for one event or a batch of a queue. A policy or environment that cannot be read fails
 * every invocation, and nothing is revoked.
 */
export async function handler(
  event: unknown,
  context?: { getRemainingTimeInMillis(): number },
): Promise<RemediationResult[] | BatchResponse> {
  ready ??= start();
  const handle = ready;
  const remaining = context && (() => context.getRemainingTimeInMillis());
  const messages = readBatch(event);
  return messages ? handleBatch(messages, (one) => handle(one, remaining)) : handle(event, remaining);
}

function start(): Handler {
  const policy = policySchema.safeParse(PORTCULLIS_POLICY);
  if (!policy.success) {
    const fields = policy.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`the policy in this bundle cannot be read, so nothing is revoked: ${fields.join('; ')}`);
  }
  const accounts = accountsSchema.parse(PORTCULLIS_ACCOUNTS);
  const environment = readEnvironment(process.env);
  const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
  const clock = { now: () => new Date(), sleep };
  const cloud = awsCloud(environment.hubRegion);
  const ledger = tableLedger(environment.hubRegion, environment.table);
  const bundle = hash('sha256', readFileSync(fileURLToPath(import.meta.url)));
  const outside = { cloud, ledger, fetch, clock, log: consoleLog };
  return createHandler({ policy: policy.data, accounts, bundle, environment, ...outside });
}
