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
 * by itself: in the words of AWS at any age (errors.ts has the sources), by a refusal only while the account is young.
 */
export const isUnready = (message: string, young: boolean): boolean =>
  /\b(?:OptInRequired|PendingVerification|RegionDisabled(?:Exception)?|SubscriptionRequired(?:Exception)?|NotSignedUp|AccountNotReadyException|InvalidClientTokenId|UnrecognizedClientException)\b/.test(
    message,
  ) ||
  (young && /\bAccessDenied(?:Exception)?\b/.test(message));
