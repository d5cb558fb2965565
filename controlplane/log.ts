import { type Logger, pino } from 'pino';

export type { Logger };

/** Structured logs on standard error, so that a command's own output stays clean. Secrets are cut out by name. */
export const makeLogger = (level: string): Logger =>
  pino(
    {
      level,
      base: { service: 'portcullis' },
      redact: {
        paths: ['*.authorization', '*.token', '*.secretAccessKey', '*.sessionToken', '*.password'],
        censor: '…',
      },
    },
    pino.destination({ fd: 2, sync: true }),
  );
