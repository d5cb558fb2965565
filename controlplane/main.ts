import { command, failed } from './cli/command.ts';

// Databases, stack state and tokens are for this user alone, those that child processes write as well.
process.umask(0o077);

// A reader such as `head` closes the pipe when it has enough: the rest has no reader.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const args = process.argv.slice(2);
const complain = (text: string) => console.error(text);
process.on('uncaughtException', (error) => {
  process.exit(failed(error, { complain, json: args.includes('--json') }));
});
process.exitCode = await command(args, process.stdout, complain);
