/** Every failure that a caller can receive: HTTP status, whether a retry can help, and what to do. docs/errors.md is made from it. */
export const errorTable = {
  'invalid-environment': {
    ...{ status: 500, retry: false, title: 'A setting is missing or wrong' },
    fix: 'Correct the variable that the message names and start the service again.',
  },
  'invalid-policy': {
    ...{ status: 500, retry: false, title: 'The policy file cannot be read' },
    fix: 'Correct the line that the message names. `portcullis policy test` checks a file.',
  },
  'invalid-request': {
    ...{ status: 400, retry: false, title: 'A part of the request is wrong' },
    fix: 'Correct the field that the message names. `/openapi.json` describes each request.',
  },
  unauthenticated: {
    ...{ status: 401, retry: false, title: 'The bearer token is missing or unknown' },
    fix: 'Send `Authorization: Bearer <token>`. The commands send `PORTCULLIS_TOKEN`.',
  },
  forbidden: {
    ...{ status: 403, retry: false, title: 'The role of the token does not allow this' },
    fix: 'Use a token of the role that the message names, or of a higher role.',
  },
  'foreign-origin': {
    ...{ status: 403, retry: false, title: 'A page of another site sent the request' },
    fix: 'Call the API without a browser, or add the host name of the page to `PORTCULLIS_ALLOWED_HOSTS`.',
  },
  'not-found': {
    ...{ status: 404, retry: false, title: 'There is no such thing' },
    fix: 'Check the path and the id. The message names the request that lists the ids.',
  },
  'method-not-allowed': {
    ...{ status: 405, retry: false, title: 'The path does not take this method' },
    fix: 'Use a method of the header `Allow`.',
  },
  'too-large': {
    ...{ status: 413, retry: false, title: 'The body is too large' },
    fix: 'Send at most 256 KB. Split a long list over several requests.',
  },
  misdirected: {
    ...{ status: 421, retry: false, title: 'The request is for another host' },
    fix: 'Use the address of the service, or add the host name to `PORTCULLIS_ALLOWED_HOSTS`.',
  },
  'too-many-requests': {
    ...{ status: 429, retry: true, title: 'The token has sent too many requests' },
    fix: 'Wait for the seconds of `Retry-After`. `PORTCULLIS_REQUESTS_PER_MINUTE` sets the limit.',
  },
  'organization-unreadable': {
    ...{ status: 502, retry: true, title: 'AWS Organizations cannot be read' },
    fix: 'Check the credentials and the permissions in docs/access.md.',
  },
  'unknown-scope': {
    ...{ status: 400, retry: false, title: 'The scope names what the organization does not have' },
    fix: 'Correct the account or organizational unit that the message names.',
  },
  'account-unreachable': {
    ...{ status: 502, retry: true, title: 'The access role of an account cannot be assumed' },
    fix: 'Create or repair the access role in the account; see docs/access.md.',
  },
  'stack-failed': {
    ...{ status: 502, retry: true, title: 'A stack could not be updated' },
    fix: 'Read the message of the stack: `portcullis status`.',
  },
  conflict: {
    ...{ status: 409, retry: false, title: 'The present state does not allow this' },
    fix: 'Do what the message says.',
  },
  'in-use': {
    ...{ status: 409, retry: true, title: 'Another process uses the port or the data directory' },
    fix: 'Stop the other process, or use another port or directory.',
  },
  'data-unusable': {
    ...{ status: 500, retry: false, title: 'The data directory or the database cannot be used' },
    fix: 'Set `PORTCULLIS_DATA` to a directory that the user of the service can write.',
  },
  'other-installation': {
    ...{ status: 409, retry: false, title: 'The hub belongs to another installation' },
    fix: 'Stop the other control plane, then run `portcullis take-over`.',
  },
  'lease-lost': {
    ...{ status: 409, retry: true, title: 'Another worker took the work over' },
    fix: 'Try again.',
  },
  busy: {
    ...{ status: 503, retry: true, title: 'Too many expensive reads wait' },
    fix: 'Wait for the seconds of `Retry-After`.',
  },
  'store-unreachable': {
    ...{ status: 503, retry: true, title: 'The database does not answer' },
    fix: 'Check the database and `DATABASE_URL`.',
  },
  internal: {
    ...{ status: 500, retry: false, title: 'An error that is not expected' },
    fix: 'Read the log of the service at the time of the request.',
  },
} as const;

export type ErrorCode = keyof typeof errorTable;

export const isErrorCode = (text: unknown): text is ErrorCode =>
  typeof text === 'string' && Object.hasOwn(errorTable, text);

/** An error with a stable code. `message` says what is wrong and how to fix it, and is safe to show. */
export class PortcullisError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PortcullisError';
    this.code = code;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get retry(): boolean {
    return errorTable[this.code].retry;
  }
}

/** Whether a failure, or the reason of an aborted signal, is of this code. */
export const hasCode = (error: unknown, code: ErrorCode): boolean =>
  error instanceof PortcullisError && error.code === code;

/** The text of any thrown value, for a message; never its stack. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message.split('\n')[0] || error.name : String(error);
