import type { ClientSettings, Emulator } from './call.ts';

/** The client of the root user of an account in a Region, made once each. */
export function clientsOf<Client>(emulator: Emulator, make: (settings: ClientSettings) => Client) {
  const made = new Map<string, Client>();
  return (accountId: string, region: string): Client => {
    const place = `${accountId} ${region}`;
    const client = made.get(place) ?? make(emulator.root(accountId, region));
    made.set(place, client);
    return client;
  };
}
