// node docs/write-access-role.ts [--check]: writes the CloudFormation template of the access role for those who have no
// service yet; `portcullis access-template` fills in one's own names. --check only says whether it is stale.
import { readFile, writeFile } from 'node:fs/promises';
import { accessTemplate, readAccessPolicy } from '../controlplane/organization/access/template.ts';

const file = new URL('./access-role.yaml', import.meta.url);
const trusted = 'arn:aws:iam::111111111111:role/portcullis-control-plane';
const head = `# Made from docs/deployer-policy.json, docs/deployer-hub-policy.json and docs/verify-policy.json by docs/write-access-role.ts. TrustedPrincipal's default is an example: give yours,
# or let \`portcullis access-template\` fill it in (docs/access.md).
`;
const text =
  head + accessTemplate(await readAccessPolicy(), { accessRole: 'OrganizationAccountAccessRole', trusted });

if (!process.argv.includes('--check')) await writeFile(file, text);
else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
  console.error('docs/access-role.yaml is stale: run node docs/write-access-role.ts');
  process.exitCode = 1;
}
