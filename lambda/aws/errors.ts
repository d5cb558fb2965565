/** What an AWS error means for a remediation. */
export type ErrorClass =
  | 'group-gone'
  | 'rule-gone'
  | 'duplicate'
  | 'access-denied'
  | 'retryable'
  | 'terminal';

const byName = new Map<string, ErrorClass>([
  ['InvalidGroup.NotFound', 'group-gone'],
  ['InvalidSecurityGroupRuleId.NotFound', 'rule-gone'],
  ['InvalidPermission.NotFound', 'rule-gone'],
  ['InvalidPermission.Duplicate', 'duplicate'],
  ['AccessDenied', 'access-denied'],
  ['AccessDeniedException', 'access-denied'],
  ['UnauthorizedOperation', 'access-denied'],
  ['AuthorizationErrorException', 'access-denied'],
  ['AuthFailure', 'access-denied'],
  ['InvalidClientTokenId', 'access-denied'],
  ['UnrecognizedClientException', 'access-denied'],
  ['OptInRequired', 'access-denied'],
  ['ExpiredToken', 'retryable'],
  ['ExpiredTokenException', 'retryable'],
  ['RequestExpired', 'retryable'],
  ['RequestLimitExceeded', 'retryable'],
  ['Throttling', 'retryable'],
  ['ThrottlingException', 'retryable'],
  ['TooManyRequestsException', 'retryable'],
  ['InternalError', 'retryable'],
  ['InternalFailure', 'retryable'],
  ['Unavailable', 'retryable'],
  ['ServiceUnavailable', 'retryable'],
  ['TimeoutError', 'retryable'],
  ['AbortError', 'retryable'],
]);

const network = /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|UND_ERR)/;

/** Decides by the error's name, then by HTTP status and system error code. An unknown error is `terminal`. */
export function errorClassOf(error: unknown): ErrorClass {
  const { name, code, status, retryable } = facts(error);
  const known = byName.get(name);
  if (known) return known;
  if (status >= 500 || status === 429 || retryable || network.test(code)) return 'retryable';
  return 'terminal';
}

/** The error's name and message in one shortened line. */
export function describeError(error: unknown): string {
  const { name, message } = facts(error);
  return `${name}: ${message}`.slice(0, 1_000);
}

function facts(error: unknown) {
  const holder: Record<string, unknown> = typeof error === 'object' && error !== null ? { ...error } : {};
  const metadata = holder.$metadata;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : 0;
  return {
    name: error instanceof Error ? error.name : 'Error',
    message: error instanceof Error ? error.message : String(error),
    code: typeof holder.code === 'string' ? holder.code : '',
    status: typeof status === 'number' ? status : 0,
    retryable: holder.$retryable !== undefined,
  };
}
