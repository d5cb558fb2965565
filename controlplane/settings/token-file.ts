import { join } from 'node:path';

/**
 * The file of the token that a service without `PORTCULLIS_TOKENS` makes for itself in its data directory, readable for
 * its own user alone (0600); commands on the same machine read it.
 */
export const tokenFile = (data: string): string => join(data, 'token');
