/** Codes of an account, or a Region of it, that AWS is still making ready, whatever the account's age. */
const notYet = new Set([
  // EC2 API reference, "Common client error codes"; STS AssumeRole: RegionDisabledException.
  'OptInRequired',
  'PendingVerification',
  'RegionDisabled',
  'RegionDisabledException',
  'SubscriptionRequired',
  'SubscriptionRequiredException',
  'NotSignedUp',
  'AccountNotReadyException',
]);

/** Codes with which a Region answers credentials that it has not learned of yet, as for a while after its opt-in. */
const unknownCredentials = new Set([
  'AuthFailure',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'UnrecognizedClientException',
]);

/** Codes of AWS's throttling. Source: "Retry behavior", AWS SDKs and Tools Reference Guide. */
const throttling = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

const codeOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Whether AWS says that the account, or its Region, is not ready for calls yet. */
export const isNotReadyYet = (error: unknown): boolean => notYet.has(codeOf(error));

/** Whether a Region does not know the caller's credentials: not enabled there, or enabled a moment ago. */
export const isUnknownCredentials = (error: unknown): boolean => unknownCredentials.has(codeOf(error));

/** Whether AWS asks the caller to slow down, by the answer's code or by HTTP status 429. */
export function isThrottling(error: unknown): boolean {
  if (throttling.has(codeOf(error))) return true;
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode === 429;
}

/** Whether AWS itself failed, by HTTP status 5xx. */
export function isServerFault(error: unknown): boolean {
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: number } };
  return ($metadata?.httpStatusCode ?? 0) >= 500;
}

/** Whether the SDK found no credentials to call with: the caller's own trouble. */
export const isWithoutCredentials = (error: unknown): boolean =>
  ['CredentialsProviderError', 'TokenProviderError'].includes(codeOf(error));

/** Codes with which AWS says that temporary credentials ended. */
const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']);

/** Whether AWS says that temporary credentials have ended. */
export const isExpired = (error: unknown): boolean => expired.has(codeOf(error));

/** Codes with which AWS refuses a signature, among others for the time that it says it was made at. */
const unsigned = new Set([
  'AuthFailure',
  'InvalidSignatureException',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
]);

/** Whether AWS does not take the signature: the clock may have been set since the last call. */
export const isUnsigned = (error: unknown): boolean => unsigned.has(codeOf(error));

/** Codes with which AWS says that the caller lacks a right. */
const denied = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationErrorException',
  'UnauthorizedOperation',
]);

/** Whether AWS says that the caller lacks a right, or is kept from it by a policy. */
export const isDenied = (error: unknown): boolean => denied.has(codeOf(error));

/** Whether a role could not be assumed, rather than lacking a permission once it was. */
export const isAssumeRefused = (error: unknown): boolean =>
  codeOf(error) === 'AccessDenied' && /sts:AssumeRole/.test((error as Error).message);
