import { flushCompileCache } from 'node:module';
import { serve } from './server.ts';

// The engine starts a provider, reads the port from its first line and kills it at the end. A killed engine cannot do
// that, so the provider exits when its parent changes.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(0);
}, 2_000).unref();
process.stdout.write(`${await serve()}\n`);
flushCompileCache(); // a killed process does not, and the next start is faster by it
