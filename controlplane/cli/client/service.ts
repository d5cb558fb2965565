import { startService } from '../../service.ts';
import { readCommandSettings, readSettings } from '../../settings/environment.ts';
import { dataOwner } from '../../store/database/directory-owner.ts';
import { makeLogger } from '../../telemetry/log.ts';
import { type Client, httpClient } from './http.ts';

/**
 * Uses the service that is named or running on this data directory, which needs no other setting; else one of its own
 * while the work lasts.
 */
export async function withClient<T>(
  work: (client: Client) => Promise<T>,
  { takingOver = false }: { readonly takingOver?: boolean } = {},
): Promise<T> {
  const { url, data, token } = readCommandSettings();
  const running = url ?? (await dataOwner(data))?.url;
  if (running) return work(httpClient(running, token));
  const settings = readSettings();
  const log = makeLogger(settings.logLevel === 'info' ? 'warn' : settings.logLevel, settings.secrets);
  const own = await startService({ ...settings, host: '127.0.0.1', port: 0 }, log, {
    standing: false,
    takingOver,
  });
  try {
    return await work(httpClient(own.url, token));
  } finally {
    await own.stop();
  }
}
