// node docs/write-deployer-calls.ts [--check]: writes the page of the calls that the AWS provider makes from
// docs/deployer-calls.json. --check only says whether it is stale.
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';

const actions = z.array(z.string().regex(/^[a-z0-9]+:[A-Za-z]+$/));
const table = z.record(
  z.string().regex(/^aws:[a-z0-9]+\/\w+:\w+$/),
  z.strictObject({ source: z.string(), create: actions, read: actions, update: actions, delete: actions }),
);

const page = new URL('./deployer-calls.md', import.meta.url);
const calls = table.parse(
  JSON.parse(await readFile(new URL('./deployer-calls.json', import.meta.url), 'utf8')),
);

const head = `# The calls of the AWS provider

Use this page to write a policy of your own for the access role, or to find out why a call was refused. It lists the IAM
actions of the calls that the official AWS provider makes to create, read, update and delete each type of resource that
Portcullis declares. [access.md](access.md) says which policy permits them.

The source is the code of the provider, [hashicorp/terraform-provider-aws](https://github.com/hashicorp/terraform-provider-aws),
which \`@pulumi/aws\` contains; each row names the file. An action that IAM checks as part of another call, such as
\`iam:PassRole\` or the tagging of what is created, has its place beside that call. Portcullis deletes no bucket and
nothing of a bucket.

Calls for properties that Portcullis never sets are left out. If a person sets one by hand (insight selectors of the trail,
a KMS key of the log group, a code signing configuration of the function), the next update is refused the call that would
remove it, and the condition of the stack names the call. Remove the property, or permit the call.

A test compares this table with the types that the programs declare and with the policies: every action is permitted on
the resource that it is about, and the policies permit no other change. With IAM enforced, the sandbox makes the calls.

<!-- Made from docs/deployer-calls.json by docs/write-deployer-calls.ts. -->

| resource | create | read | update | delete |
|---|---|---|---|---|
`;

const cell = (list: readonly string[]) => list.map((action) => `\`${action}\``).join('<br>') || 'none';
const rows = Object.entries(calls).map(([type, { source, ...by }]) => {
  const kinds = [by.create, by.read, by.update, by.delete].map(cell);
  return `| \`${type}\`<br>${source} | ${kinds.join(' | ')} |\n`;
});
const text = head + rows.join('');

if (!process.argv.includes('--check')) await writeFile(page, text);
else if ((await readFile(page, 'utf8').catch(() => '')) !== text) {
  console.error('docs/deployer-calls.md is stale: run node docs/write-deployer-calls.ts');
  process.exitCode = 1;
}
