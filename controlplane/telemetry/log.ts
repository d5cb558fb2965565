import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { printableValues } from '../settings/printable.ts';
import { redact } from '../settings/redact.ts';

export type { Logger };

const errorsAsText = (value: unknown) => (value instanceof Error ? stdSerializers.err(value) : value);

/**
 * Structured logs on standard error, so that standard output has only a command's output; docs/observability.md lists
 * the fields. Redaction applies to each whole line: messages, errors with causes, nested values and fields of child
 * loggers. Terminal control characters are removed. `secrets` are texts to redact everywhere.
 */
export function makeLogger(
  level: string,
  secrets: readonly string[] = [],
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  const clean = redact(secrets);
  return pino(
    {
      level,
      base: { service: 'portcullis' },
      serializers: { err: errorsAsText, error: errorsAsText, cause: errorsAsText },
      hooks: { streamWrite: (line) => `${JSON.stringify(clean(JSON.parse(line, printableValues)))}\n` },
    },
    destination,
  );
}
