import type { Organizations } from '@aws-sdk/client-organizations';
import { expect } from 'vitest';
import { until } from './event-listener.ts';

/** Creates an account and waits for the result, good or bad. */
export async function createAccount(caller: Organizations, name: string, email = `${name}@example.com`) {
  const begun = await caller.createAccount({ AccountName: name, Email: email });
  expect(begun.CreateAccountStatus).toMatchObject({ State: 'IN_PROGRESS', AccountName: name });
  const CreateAccountRequestId = begun.CreateAccountStatus?.Id;
  const ask = () => caller.describeCreateAccountStatus({ CreateAccountRequestId });
  const done = await until(ask, (answer) => answer.CreateAccountStatus?.State !== 'IN_PROGRESS');
  return done.CreateAccountStatus ?? {};
}
