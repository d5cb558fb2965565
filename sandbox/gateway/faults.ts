import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Call, Identity } from './call.ts';
import { expiredAnswer, throttleAnswer, unavailableAnswer } from './fault-answers.ts';

/**
 * What may happen to a call.
 * - `throttle`, `unavailable` (500 or 503), `expired`: refused in the service's own words, nothing carried out.
 *   Only a session expires: a call with a user's own key never gets `expired`.
 * - `revoked`: as `expired`, and the session stays so.
 * - `reset`: the connection is reset, nothing carried out. `silence`: no answer, for `silenceMs`, then a reset.
 * - `slow`: carried out and answered, `slowMs` late.
 * - `lost`: carried out, and the answer lost: a reset, or a 500 in its place.
 */
export const faultKinds = [
  'throttle',
  'unavailable',
  'expired',
  'revoked',
  'reset',
  'silence',
  'slow',
  'lost',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What a call must match to get a fault; absent fields match any. `caller` is a part of the caller's ARN. */
export interface FaultFilter {
  service?: string;
  operation?: string;
  accountId?: string;
  caller?: string;
}

export interface FaultPlan {
  /**
   * The same seed gives faults to the same calls: the n-th of an operation by an account in a Region, in any
   * interleaving.
   */
  seed: number;
  /** The share of calls, 0 to 1, for each kind; in total at most 1. */
  rates: Partial<Record<FaultKind, number>>;
  /** A call can get a fault when it matches one of these; without any, every call can. */
  only?: readonly FaultFilter[];
  /** Minimum and maximum in milliseconds; 200 to 2,000 by default. */
  slowMs?: readonly [number, number];
  /** 30,000 by default. */
  silenceMs?: number;
  /** Whether root users get faults too. Off by default, because tests act and read as root. */
  root?: boolean;
}

/** A call that got a fault. */
export interface Struck {
  kind: FaultKind;
  service: string;
  operation: string;
  accountId: string;
  region: string;
}

/** Resets the connection instead of an answer. */
export class HangUp extends Error {}

export interface Faults {
  /**
   * Sets the plan for later calls; undefined ends all faults. Revoked sessions are forgotten. @throws on rates out of
   * range
   */
  set(plan: FaultPlan | undefined): void;
  /** Calls that a plan could have given a fault, and those that got one. */
  counts(): { calls: number; struck: Record<FaultKind, number> };
  /** The last thousand, oldest first. */
  struck(): readonly Struck[];
  /** Carries the call out with or without a fault. @throws HangUp */
  around(call: Call, caller: Identity, carryOut: () => Promise<Answer>): Promise<Answer>;
}

const kept = 1000;

/** A number in [0, 1) that depends only on the parts. */
export function fraction(...parts: (string | number)[]): number {
  return createHash('sha256').update(parts.join('\0')).digest().readUInt32BE() / 2 ** 32;
}

/** The kind at this point when the kinds are laid one after the other, each as long as its rate. */
function kindAt(rates: FaultPlan['rates'], point: number): FaultKind | undefined {
  let end = 0;
  return faultKinds.find((kind) => {
    end += rates[kind] ?? 0;
    return point < end;
  });
}

function validated(plan: FaultPlan | undefined): FaultPlan | undefined {
  const rates = Object.values(plan?.rates ?? {});
  const sum = rates.reduce((all, rate) => all + rate, 0);
  if (rates.some((rate) => !(rate >= 0)) || sum > 1 + 1e-9) {
    throw new Error(
      `rates must each be at least 0 and together at most 1, not ${JSON.stringify(plan?.rates)}`,
    );
  }
  return plan;
}

const fits = (filter: FaultFilter, call: Call, caller: Identity): boolean =>
  (filter.service ?? call.service) === call.service &&
  (filter.operation ?? call.action) === call.action &&
  (filter.accountId ?? call.accountId) === call.accountId &&
  caller.arn.includes(filter.caller ?? '');

const isSession = (call: Call): boolean => call.headers['x-amz-security-token'] !== undefined;

/** Gives no faults until a plan is set. */
export function faults(): Faults {
  let plan: FaultPlan | undefined;
  let calls = 0;
  const seen = new Map<string, number>();
  const revoked = new Set<string>();
  const counted = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const latest: Struck[] = [];

  const note = (kind: FaultKind, { service, action: operation, accountId, region }: Call) => {
    counted[kind] += 1;
    latest.push({ kind, service, operation, accountId, region });
    if (latest.length > kept) latest.shift();
  };

  return {
    set(next) {
      plan = validated(next);
      revoked.clear();
      seen.clear();
    },
    counts: () => ({ calls, struck: { ...counted } }),
    struck: () => latest,
    async around(call, caller, carryOut) {
      const now = plan;
      if (!now || (caller.type === 'Root' && !now.root)) return carryOut();
      if (now.only && !now.only.some((filter) => fits(filter, call, caller))) return carryOut();
      calls += 1;
      const what = [call.service, call.action, call.accountId, call.region].join(' ');
      const nth = (seen.get(what) ?? 0) + 1;
      seen.set(what, nth);
      const draw = (purpose: string) => fraction(now.seed, what, nth, purpose);
      const kind = revoked.has(call.accessKeyId) ? 'revoked' : kindAt(now.rates, draw('kind'));
      const exempt = (kind === 'expired' || kind === 'revoked') && !isSession(call);
      if (!kind || exempt) return carryOut();
      note(kind, call);
      if (kind === 'revoked') revoked.add(call.accessKeyId);
      return strike[kind]({ call, plan: now, draw, carryOut });
    },
  };
}

interface Strike {
  call: Call;
  plan: FaultPlan;
  /** A number in [0, 1) for a purpose. */
  draw(purpose: string): number;
  carryOut(): Promise<Answer>;
}

const strike: Record<FaultKind, (strike: Strike) => Promise<Answer>> = {
  throttle: async ({ call }) => throttleAnswer(call),
  unavailable: async ({ call, draw }) => unavailableAnswer(call, draw('status') < 0.5 ? 500 : 503),
  expired: async ({ call }) => expiredAnswer(call),
  revoked: async ({ call }) => expiredAnswer(call),
  reset: async () => {
    throw new HangUp();
  },
  async silence({ plan }) {
    await sleep(plan.silenceMs ?? 30_000, undefined, { ref: false });
    throw new HangUp();
  },
  async slow({ plan, draw, carryOut }) {
    const [least, most] = plan.slowMs ?? [200, 2000];
    await sleep(least + draw('delay') * (most - least), undefined, { ref: false });
    return carryOut();
  },
  async lost({ call, draw, carryOut }) {
    await carryOut();
    if (draw('reset') < 0.5) return unavailableAnswer(call, 500);
    throw new HangUp();
  },
};
