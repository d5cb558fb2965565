import { startSandbox } from './sandbox.ts';

const sandbox = await startSandbox();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await sandbox.stop();
    process.exit(0);
  });
}

console.log(`# A local AWS organization at ${sandbox.endpoint}; it ends with Ctrl-C.`);
console.log(`# Root user of an account: access key = account id, secret access key = test.`);
console.log(`# What is in it: ${sandbox.endpoint}/_sandbox/organization`);
console.log(`# What became of events: ${sandbox.endpoint}/_sandbox/deliveries`);
for (const [name, value] of Object.entries(sandbox.environment)) console.log(`export ${name}='${value}'`);
