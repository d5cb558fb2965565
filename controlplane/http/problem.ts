import { z } from 'zod';
import { type ErrorCode, errorTable, PortcullisError, reasonOf } from '../settings/errors.ts';

/** The content type of an error. Source: RFC 9457, section 3. */
export const problemType = 'application/problem+json';

/** Where the codes are explained: a path of the service and of the repository. */
export const errorsPath = '/docs/errors.md';

const codes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];

export const problemSchema = z
  .object({
    type: z
      .string()
      .describe('A link to the explanation of the code, relative to the address of the service'),
    title: z.string().describe('What the code means'),
    status: z.int(),
    detail: z.string().describe('What is wrong with this request and how to correct it'),
    code: z.enum(codes).describe('Stable: programs go by it'),
    retry: z.boolean().describe('Whether the same request can succeed later'),
  })
  .describe('An error, as RFC 9457 has it');

export type Problem = z.infer<typeof problemSchema>;

export function problemOf({ code, message, status, retry }: PortcullisError): Problem {
  return {
    type: `${errorsPath}#${code}`,
    title: errorTable[code].title,
    status,
    detail: message,
    code,
    retry,
  };
}

/** The headers that an error has beside its body. Sources: RFC 6750, section 3; RFC 9110, section 10.2.3. */
export function headersOf({ code }: PortcullisError): Readonly<Record<string, string>> {
  if (code === 'unauthenticated') return { 'www-authenticate': 'Bearer realm="portcullis"' };
  if (code === 'forbidden')
    return { 'www-authenticate': 'Bearer realm="portcullis", error="insufficient_scope"' };
  return code === 'busy' || code === 'store-unreachable' ? { 'retry-after': '5' } : {};
}

/** What was thrown, as an error that may be shown. What is not ours to show is the cause of an `internal` one. */
export function asError(thrown: unknown): PortcullisError {
  if (thrown instanceof PortcullisError) return thrown;
  const { status, type } = Object(thrown) as { status?: unknown; type?: unknown };
  if (type === 'entity.too.large')
    return new PortcullisError('too-large', 'body: at most 256 KB are taken; send several requests');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    // A path that cannot be decoded; else the body, such as one that is not of its content-encoding.
    const where = thrown instanceof URIError ? 'path' : 'body';
    return new PortcullisError('invalid-request', `${where}: ${reasonOf(thrown)}`);
  }
  return new PortcullisError('internal', 'an unexpected error; the log of the service has the reason', {
    cause: thrown,
  });
}
