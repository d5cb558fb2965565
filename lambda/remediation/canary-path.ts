import * as z from 'zod';
import { canarySource } from '../contract/canary.ts';
import { type ApiCall, callWithoutCaller } from '../event/read.ts';
import { knownCanary } from './canary.ts';
import type { Connect, RemediationTask } from './plan.ts';
import type { RemediationContext } from './remediate.ts';
import { type Remediation, stopped, untouched } from './remediation.ts';

const synthetic = z.object({
  id: z.string().min(1).max(128),
  source: z.literal(canarySource),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().min(1).max(64),
  detail: z.object({ canary: z.string().min(1).max(64) }),
});

/** A synthetic canary as a call, with the id it claims. */
interface Synthetic {
  call: ApiCall;
  canary: string;
}

/** The synthetic canary in an event; undefined for any other event. */
export function readCanary(event: unknown): Synthetic | undefined {
  const { data } = synthetic.safeParse(event);
  if (!data) return undefined;
  return { call: callWithoutCaller(data.id, data.account, data.region), canary: data.detail.canary };
}

/**
 * Answers a synthetic canary: one reading of its account with the remediation role, and a result. Any account of the
 * organization can send such an event, so one that the ledger does not know gets no result.
 */
export async function answerCanary(
  { ledger, clock, log }: RemediationContext,
  connect: Connect,
  { call, canary }: Synthetic,
): Promise<RemediationTask[]> {
  if ((await knownCanary(ledger, call, canary, clock.now())) !== canary) {
    log('unknown-canary', { ...call, canary });
    return [];
  }
  const read = async (): Promise<Remediation> => {
    try {
      const member = await connect(call.account, call);
      await member.describeGroups({ groupName: 'default' });
      return untouched('clean', 'a synthetic canary arrived', call.account);
    } catch (error) {
      return stopped(error, call.account, null);
    }
  };
  return [async () => ({ ...(await read()), canary })];
}
