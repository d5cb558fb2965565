// A worker of the scheduler's bench as a process of its own: the address of the database and how much at once.
import { openDatabase } from '../../controlplane/store/database/database.ts';
import { startSweepWorker } from './worker.ts';

/** What a worker's process says: how many keys are done and its memory, ten times a second, and each new account. */
export type Said = { readonly done: number; readonly rss: number } | { readonly begun: string };

const [databaseUrl = '', concurrent = '8'] = process.argv.slice(2);
const say = (said: Said) => process.send?.(said);
const database = await openDatabase({ databaseUrl, data: '' }, (error) => console.error(error.message));
const worker = await startSweepWorker(database, Number(concurrent), (begun) => say({ begun }));
const telling = setInterval(() => say({ done: worker.done(), rss: process.memoryUsage.rss() }), 100);
process.once('message', async () => {
  clearInterval(telling);
  await worker.stop();
  await database.close();
  process.disconnect();
});
