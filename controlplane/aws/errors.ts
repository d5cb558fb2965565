/**
 * Classes of AWS error codes; each code is in one. Sources: EC2 API reference, "Common client error codes"; STS
 * AssumeRole; "Retry behavior", AWS SDKs and Tools Reference Guide.
 */
type ErrorClass =
  /** An account, or a Region of it, that AWS is still preparing, at any age of the account. */
  | 'not-ready'
  /** A Region that does not know the caller's credentials: not enabled there, or enabled a moment ago. */
  | 'unknown-credentials'
  /** The caller lacks a permission, or a policy denies it. */
  | 'denied'
  /** The account refuses the caller, rather than fails: a role that was deleted or does not trust us, a closed account. */
  | 'refused'
  | 'throttled'
  /** Temporary credentials that have ended. */
  | 'expired'
  /** A signature that AWS does not accept, for example because of its time. */
  | 'unsigned'
  /** The SDK found no credentials: the caller's own fault. */
  | 'without-credentials';

const classes: Readonly<Record<string, readonly ErrorClass[]>> = {
  OptInRequired: ['not-ready', 'refused'],
  PendingVerification: ['not-ready'],
  RegionDisabled: ['not-ready'],
  RegionDisabledException: ['not-ready'],
  SubscriptionRequired: ['not-ready'],
  SubscriptionRequiredException: ['not-ready'],
  NotSignedUp: ['not-ready'],
  AccountNotReadyException: ['not-ready'],

  AuthFailure: ['unknown-credentials', 'unsigned', 'refused'],
  InvalidAccessKeyId: ['unknown-credentials'],
  InvalidClientTokenId: ['unknown-credentials', 'refused'],
  UnrecognizedClientException: ['unknown-credentials', 'refused'],

  AccessDenied: ['denied', 'refused'],
  AccessDeniedException: ['denied', 'refused'],
  AuthorizationErrorException: ['denied'],
  UnauthorizedOperation: ['denied', 'refused'],

  BandwidthLimitExceeded: ['throttled'],
  EC2ThrottledException: ['throttled'],
  ProvisionedThroughputExceededException: ['throttled'],
  RequestLimitExceeded: ['throttled'],
  RequestThrottled: ['throttled'],
  RequestThrottledException: ['throttled'],
  SlowDown: ['throttled'],
  ThrottledException: ['throttled'],
  Throttling: ['throttled'],
  ThrottlingException: ['throttled'],
  TooManyRequestsException: ['throttled'],

  ExpiredToken: ['expired'],
  ExpiredTokenException: ['expired'],
  RequestExpired: ['expired'],
  TokenRefreshRequired: ['expired'],

  InvalidSignatureException: ['unsigned'],
  RequestInTheFuture: ['unsigned'],
  RequestTimeTooSkewed: ['unsigned'],
  SignatureDoesNotMatch: ['unsigned'],

  CredentialsProviderError: ['without-credentials'],
  TokenProviderError: ['without-credentials'],
};

const codeOf = (error: unknown): string => (error instanceof Error ? error.name : '');
const statusOf = (error: unknown): number =>
  ((error ?? {}) as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
const isOf = (wanted: ErrorClass) => (error: unknown) => classes[codeOf(error)]?.includes(wanted) ?? false;

export const isNotReadyYet = isOf('not-ready');
export const isUnknownCredentials = isOf('unknown-credentials');
export const isWithoutCredentials = isOf('without-credentials');
export const isExpired = isOf('expired');
/** The clock may have been corrected since the last call. */
export const isUnsigned = isOf('unsigned');
export const isDenied = isOf('denied');

/** By the error code or HTTP status 429. */
export const isThrottling = (error: unknown): boolean => isOf('throttled')(error) || statusOf(error) === 429;

export const isRefused = (error: unknown): boolean => isOf('refused')(error) && !isThrottling(error);

/** By HTTP status 5xx. */
export const isServerFault = (error: unknown): boolean => statusOf(error) >= 500;

/** Whether a role could not be assumed, as opposed to a missing permission of the role. */
export const isAssumeRefused = (error: unknown): boolean =>
  codeOf(error) === 'AccessDenied' && /sts:AssumeRole/.test((error as Error).message);

/**
 * Whether a service control policy denies the call explicitly, by the text of the SDK or, with another beginning, of the
 * AWS provider: no permission of the role helps. Services that do not name the kind of policy are not recognised.
 * Source: "Troubleshoot access denied error messages", IAM user guide.
 */
export const isDeniedByScp = (message: string): boolean =>
  /with\s+an\s+explicit\s+deny\s+in\s+a\s+service\s+control\s+policy/i.test(message);

const throttledInWords = /throttl|rate ?exceeded|TooManyRequests|RequestLimitExceeded|SlowDown/i;

/** The same by the text of an error. */
export const isThrottlingText = (message: string): boolean => throttledInWords.test(message);

/** Text of an error from another program, such as Pulumi. Transient errors are retried without being counted. */
export const isTransient = (message: string): boolean =>
  isThrottlingText(message) ||
  /ServiceUnavailable|Service Unavailable|Unavailable:|InternalFailure|InternalError|Internal Server Error|StatusCode: 5\d\d|ExpiredToken|RequestExpired|timed out|(?:i\/o|handshake|dial|read|write|connect|connection|request|gateway|socket) ?timeout|timeout exceeded|deadline exceeded|ETIMEDOUT|ECONNRESET|EAI_AGAIN|no such host|connection refused|broken pipe|ECONNREFUSED|EPIPE|socket hang up|connection reset|\bEOF\b/i.test(
    message,
  );

const unready = Object.keys(classes).filter(
  (code) =>
    classes[code]?.includes('not-ready') ||
    ['InvalidClientTokenId', 'UnrecognizedClientException'].includes(code),
);
/**
 * The last is the whole message of the AWS plugin where STS does not know an account's credentials: it drops code and Region.
 * They were good for the control plane's own calls a moment before, so it is a Region that is still being enabled.
 * Source: provider/errors/invalid_credentials.txt of pulumi-aws.
 */
const unreadyInWords = new RegExp(
  `\\b(?:${unready.join('|')})\\b|The configured AWS credentials are invalid or have expired`,
);

/** By codes at any age of the account, and by a refusal only while the account is new. */
export const isUnready = (message: string, young: boolean): boolean =>
  unreadyInWords.test(message) || (young && /\bAccessDenied(?:Exception)?\b/.test(message));
