#!/usr/bin/env node
import { command } from './cli/command.ts';

process.exitCode = await command(process.argv.slice(2), process.stdout, (text) => console.error(text));
