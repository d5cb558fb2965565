// Loaded before a worker's program: its clock is off by the milliseconds that the file named in its own address holds, from
// the moment they are written there. Timers go on as before, as they do when a machine's clock is set.
import { readFileSync } from 'node:fs';

const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const TrueDate = Date;
let shift = 0;

const look = () => {
  try {
    shift = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    shift = 0; // not shifted yet
  }
};

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, parts, made) =>
    Reflect.construct(target, parts.length === 0 ? [target.now() + shift] : parts, made),
  apply: (target) => new target(target.now() + shift).toString(),
  get: (target, name, receiver) =>
    name === 'now' ? () => target.now() + shift : Reflect.get(target, name, receiver),
});

look();
setInterval(look, 200).unref();
