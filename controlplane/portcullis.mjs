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

/** @param {string} node */
function handOver(node) {
  const child = spawn(node, [here, ...process.argv.slice(2)], { stdio: 'inherit' });
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
  module.enableCompileCache(cache);
  await import('./main.ts');
} else if (existsSync(packaged)) handOver(packaged);
else refuse(`${packaged} does not exist`);
