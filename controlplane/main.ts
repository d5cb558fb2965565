#!/usr/bin/env node
import { command } from './cli/command.ts';

// A reader such as `head` closes the pipe when it has enough: what is left has nobody to go to.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

// Databases, stack state and tokens are for this user alone, those that child processes write as well.
process.umask(0o077);

process.exitCode = await command(process.argv.slice(2), process.stdout, (text) => console.error(text));
