import { readFile } from 'node:fs/promises';
import { readCommandSettings, readSettings } from '../../settings/environment.ts';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';
import { tokenFile } from '../../settings/token-file.ts';
import { dataOwner } from '../../store/database/directory-lock.ts';
import { type Client, httpClient } from './http.ts';

/** The token that the service on a data directory keeps there; undefined if it keeps none. */
async function keptToken(data: string): Promise<string | undefined> {
  const file = tokenFile(data);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    throw new PortcullisError(
      'invalid-environment',
      `${file} cannot be read: ${reasonOf(cause)}; run the command as the user of the service, or set PORTCULLIS_TOKEN`,
      { cause },
    );
  });
  return text.trim() || undefined;
}

/**
 * The service that PORTCULLIS_URL names, or that runs on this data directory; undefined if there is none. The token
 * in the data directory is sent only to the service on it, never to the address in PORTCULLIS_URL.
 */
export async function runningService(): Promise<{ url: string; client: Client } | undefined> {
  const { url, data, token } = readCommandSettings();
  if (url) return { url, client: httpClient(url, token) };
  const running = dataOwner(data)?.url;
  if (!running) return undefined;
  return { url: running, client: httpClient(running, token ?? (await keptToken(data))) };
}

interface Terms {
  readonly takingOver?: boolean;
}

/** Starts a service on the loopback for as long as the work lasts. */
async function withOwnService<T>(
  work: (client: Client) => Promise<T>,
  { takingOver = false }: Terms,
): Promise<T> {
  const settings = readSettings();
  const { makeLogger } = await import('../../telemetry/log.ts');
  const { startService } = await import('../../service.ts');
  const log = makeLogger(settings.logLevel === 'info' ? 'warn' : settings.logLevel, settings.secrets);
  const place = { host: '127.0.0.1', port: 0, tokens: [] };
  const own = await startService({ ...settings, ...place }, log, { standing: false, takingOver });
  try {
    return await work({ ...httpClient(own.url, await keptToken(settings.data)), ownService: true });
  } finally {
    await own.stop();
  }
}

/** Works with the service that is named or running, which needs no other setting; otherwise with its own. */
export async function withClient<T>(work: (client: Client) => Promise<T>, terms: Terms = {}): Promise<T> {
  const running = await runningService();
  return running ? work(running.client) : withOwnService(work, terms);
}
