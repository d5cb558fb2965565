import { localToken } from '../../http/access/local-token.ts';
import { startService } from '../../service.ts';
import { readCommandSettings, readSettings } from '../../settings/environment.ts';
import { dataOwner } from '../../store/database/directory-owner.ts';
import { makeLogger } from '../../telemetry/log.ts';
import { type Client, httpClient } from './http.ts';

/**
 * Uses the service that is named or running on this data directory, which needs no other setting; else one of its own
 * while the work lasts. The token that a service without configured ones makes is sent to the service on that data
 * directory alone, never to an address that is named.
 */
export async function withClient<T>(
  work: (client: Client) => Promise<T>,
  { takingOver = false }: { readonly takingOver?: boolean } = {},
): Promise<T> {
  const { url, data, token } = readCommandSettings();
  if (url) return work(httpClient(url, token));
  const running = (await dataOwner(data))?.url;
  if (running) return work(httpClient(running, token ?? (await localToken(data))));
  const settings = readSettings();
  const log = makeLogger(settings.logLevel === 'info' ? 'warn' : settings.logLevel, settings.secrets);
  // Reached by this process alone, with a token of its own.
  const own = await startService({ ...settings, host: '127.0.0.1', port: 0, tokens: [] }, log, {
    standing: false,
    takingOver,
  });
  try {
    return await work(httpClient(own.url, await localToken(data)));
  } finally {
    await own.stop();
  }
}
