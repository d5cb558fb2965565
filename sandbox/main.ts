// npm run sandbox [-- --bulk <accounts>x<Regions>x<groups>]: a local AWS organization until Ctrl-C.
import { parseArgs } from 'node:util';
import { regionNames } from './organizations/regions.ts';
import { type SandboxOptions, startSandbox } from './sandbox.ts';
import { fleet } from './seed/organization.ts';

const { bulk } = parseArgs({ options: { bulk: { type: 'string' } } }).values;

/** The option's organization, with its security groups. */
function options(): SandboxOptions {
  if (bulk === undefined) return {};
  const [accounts = 0, regions = 0, groups = 0] = /^\d+x\d+x\d+$/.test(bulk)
    ? bulk.split('x').map(Number)
    : [];
  if (accounts > 0 && regions > 0 && regions <= regionNames.length && groups > 0) {
    return { blueprint: fleet(accounts, regions), bulk: { groups, seed: 1 } };
  }
  const limit = `Regions: 1 to ${regionNames.length}`;
  console.error(`--bulk ${bulk}: write accounts, Regions and groups as numbers, such as 50x4x200 (${limit})`);
  process.exit(2);
}

const sandbox = await startSandbox(options());
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await sandbox.stop();
    process.exit(0);
  });
}

console.log(`# A local AWS organization at ${sandbox.endpoint}; it ends with Ctrl-C.`);
console.log(`# Root user of an account: access key = account id, secret access key = test.`);
console.log(`# What is in it: ${sandbox.endpoint}/_sandbox/organization`);
console.log(`# The result of every event: ${sandbox.endpoint}/_sandbox/deliveries`);
for (const [name, value] of Object.entries(sandbox.environment)) console.log(`export ${name}='${value}'`);
