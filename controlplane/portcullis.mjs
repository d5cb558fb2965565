#!/usr/bin/env node
// The command: runs main.ts on a Node that runs TypeScript; an older one hands over to the npm package's Node 24.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);
/** Compiled modules for the next start; where it cannot be written, every start compiles. */
const cache = fileURLToPath(new URL('../node_modules/.cache/portcullis', import.meta.url));
const packaged = fileURLToPath(
  new URL(`../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
);

const args = process.argv.slice(2);
/** V8 lets the young generation of each thread grow to 96 MiB otherwise. A service rarely needs more than 24 MiB. */
const youngGeneration = '--max-semi-space-size=8';
/**
 * glibc keeps freed memory in up to 8 arenas for each processor otherwise, and large blocks between small ones, where they
 * cannot be returned. It reads these variables only when a process starts; other C libraries ignore them.
 */
const allocator = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' };
/** Given to Node, it is the operator's own value, or this process replaced itself already. */
const isLimited = [...process.execArgv, process.env.NODE_OPTIONS].some((given) =>
  /(^|\s)--max[-_]semi[-_]space[-_]size/.test(given ?? ''),
);

/** Replaces this process by one with limits, so that a service needs about a third less memory. The process id stays. */
function limitMemory() {
  const command = [process.execPath, youngGeneration, ...process.execArgv, here, ...args];
  process.execve?.(process.execPath, command, { ...allocator, ...process.env });
}

/** @param {string} node */
function handOver(node) {
  const options = /** @type {const} */ ({ stdio: 'inherit', env: { ...allocator, ...process.env } });
  const child = spawn(node, [...(isLimited ? [] : [youngGeneration]), here, ...args], options);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child as well; once is enough.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  child.on('error', (error) => refuse(error.message));
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + os.constants.signals[signal] : (code ?? 1);
  });
}

/** @param {string} reason */
function refuse(reason) {
  console.error(
    `portcullis: Node 24 or newer is needed, and this is ${process.version} (${process.platform} ${process.arch}); install Node 24, or run npm install on Linux x64 or arm64 to get it (${reason})`,
  );
  process.exitCode = 2;
}

if (Number(process.versions.node.split('.')[0]) >= 24) {
  if (args[0] === 'serve' && !isLimited && process.platform !== 'win32') limitMemory();
  module.enableCompileCache(cache);
  await import('./main.ts');
} else if (existsSync(packaged)) handOver(packaged);
else refuse(`${packaged} does not exist`);
