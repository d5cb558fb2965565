/** Every failure that a caller can be told of: its HTTP status and whether trying again can help. */
const table = {
  'invalid-environment': { status: 500, retry: false },
  'invalid-policy': { status: 500, retry: false },
  'invalid-request': { status: 400, retry: false },
  unauthenticated: { status: 401, retry: false },
  'not-found': { status: 404, retry: false },
  'organization-unreadable': { status: 502, retry: true },
  'unknown-scope': { status: 400, retry: false },
  'account-unreachable': { status: 502, retry: true },
  'stack-failed': { status: 502, retry: true },
  conflict: { status: 409, retry: false },
  'in-use': { status: 409, retry: true },
  'data-unusable': { status: 500, retry: false },
  'other-installation': { status: 409, retry: false },
  'lease-lost': { status: 409, retry: true },
  'store-unreachable': { status: 503, retry: true },
  internal: { status: 500, retry: false },
} as const;

export type ErrorCode = keyof typeof table;

export const isErrorCode = (text: unknown): text is ErrorCode =>
  typeof text === 'string' && Object.hasOwn(table, text);

/** An error with a stable code. `message` says what is wrong and how to mend it, and is safe to show. */
export class PortcullisError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PortcullisError';
    this.code = code;
  }

  get status(): number {
    return table[this.code].status;
  }

  get retry(): boolean {
    return table[this.code].retry;
  }
}

/** Whether a failure, or the reason of an aborted signal, is of this code. */
export const hasCode = (error: unknown, code: ErrorCode): boolean =>
  error instanceof PortcullisError && error.code === code;

/** The text of any thrown value, for a message; never its stack. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message.split('\n')[0] || error.name : String(error);
