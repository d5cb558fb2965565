import type { DesiredStack } from '../desired.ts';
import { stalledAfter } from '../scheduler/verdict.ts';
import type { StackRecord } from '../store/stacks.ts';

/** What to do about a stack, and why. */
export type Decision =
  | { readonly do: 'up' }
  /** As declared. */
  | { readonly do: 'nothing'; readonly message: string }
  /** Of an older release, and well: its turn comes with a roll-out. */
  | { readonly do: 'hold'; readonly message: string }
  /** Never made, and a run that is to make it has not come to it, or was stopped. */
  | { readonly do: 'wait'; readonly message: string }
  /** It failed too often at this very generation. */
  | { readonly do: 'stalled'; readonly message: string };

interface Facts {
  readonly desired: Pick<DesiredStack, 'generation'>;
  readonly record: Pick<
    StackRecord,
    'conditions' | 'generation' | 'operationStartedAt' | 'failures' | 'failedGeneration' | 'release'
  >;
  /** What the fleet is to be; the hub's stack is of no release. */
  readonly release: string | undefined;
  /** `repair`: refresh and mend, whatever is recorded. `changed`: make it as declared where it is not known to be. */
  readonly asked: 'repair' | 'changed' | undefined;
}

/** Whether a stack is known to be as declared: such a one costs no operation. */
export const isCurrent = (record: Facts['record'], generation: string): boolean =>
  record.generation === generation && isWell(record);

/** Whether a stack is as it was declared last, whatever it is to be now. */
export const isWell = (record: Facts['record']): boolean =>
  record.generation !== null &&
  record.operationStartedAt === null &&
  record.conditions.Ready?.status === 'True' &&
  record.conditions.Drifted?.status !== 'True';

/** Decides about one stack. Pure. */
export function decide({ desired, record, release, asked }: Facts): Decision {
  if (asked === 'repair') return { do: 'up' };
  if (isCurrent(record, desired.generation)) return { do: 'nothing', message: 'ready at this generation' };
  if (asked) return { do: 'up' };
  if (record.failures >= stalledAfter && record.failedGeneration === desired.generation) {
    return {
      do: 'stalled',
      message: `failed ${record.failures} times; reconcile it once the reason is gone`,
    };
  }
  const wellAtOlderRelease = release !== undefined && record.release !== release && isWell(record);
  return wellAtOlderRelease
    ? { do: 'hold', message: 'of an older release; a roll-out brings it to the present one' }
    : { do: 'up' };
}

/**
 * Whether a failure says nothing of the stack: throttled, an AWS service that does not answer, credentials that ran
 * out, a lock whose owner is about to end. Such a one is tried again without being counted.
 */
export const isTransient = (message: string): boolean =>
  /throttl|rate ?exceeded|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|Service Unavailable|Unavailable:|InternalFailure|InternalError|Internal Server Error|StatusCode: 5\d\d|ExpiredToken|RequestExpired|timed out|(?:i\/o|handshake|dial|read|write|connect|connection|request|gateway|socket) ?timeout|timeout exceeded|deadline exceeded|ETIMEDOUT|ECONNRESET|EAI_AGAIN|no such host|connection refused|broken pipe|ECONNREFUSED|EPIPE|socket hang up|connection reset|\bEOF\b|the stack is locked/i.test(
    message,
  );

/**
 * Whether a failure says that the account, or its Region, does not take every service's calls yet, as it comes to be
 * by itself: in the words of AWS at any age (refusal.ts has the sources), by a refusal only while the account is young.
 */
export const isUnready = (message: string, young: boolean): boolean =>
  /\b(?:OptInRequired|PendingVerification|RegionDisabled(?:Exception)?|SubscriptionRequired(?:Exception)?|NotSignedUp|AccountNotReadyException|InvalidClientTokenId|UnrecognizedClientException)\b/.test(
    message,
  ) ||
  (young && /\bAccessDenied(?:Exception)?\b/.test(message));
