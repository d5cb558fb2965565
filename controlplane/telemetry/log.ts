import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { printableValues } from '../settings/printable.ts';
import { redact } from '../settings/redact.ts';

export type { Logger };

const errorsAsText = (value: unknown) => (value instanceof Error ? stdSerializers.err(value) : value);

/**
 * Structured logs on standard error, so that a command's own output stays clean; docs/observability.md names the
 * fields. Each line goes through the redaction as a whole, so message, errors and their causes, nested values and what
 * child loggers add are all the same to it. Characters that a terminal would act on are removed. `secrets` are texts to take out wherever they stand.
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
