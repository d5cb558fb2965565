// A fresh process that imports the bundle of its first argument and handles the event of its second, once for each
// line on its standard input after the first; it prints milliseconds as one JSON line each time.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [bundle = '', eventFile = ''] = process.argv.slice(2);
const started = performance.now();
const { handler } = await import(bundle);
const imported = performance.now();
const event = JSON.parse(readFileSync(eventFile, 'utf8'));

/** @param {object} times */
const tell = (times) => process.stdout.write(`@${JSON.stringify(times)}\n`);

async function handle() {
  const before = performance.now();
  const [result] = await handler(event);
  return { handled: performance.now() - before, outcome: result?.outcome };
}

const lines = createInterface({ input: process.stdin });
tell({ imported: imported - started, ...(await handle()) });
for await (const _ of lines) tell(await handle());
