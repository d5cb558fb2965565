import { createHash, hash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { type Accounts, accountsSchema } from './policy/account-facts.ts';
import { type Policy, policySchema } from './policy/schema/policy.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes `<directory>/index.mjs`, the remediation Lambda with this policy inside (handler `index.handler`), and returns
 * its path and SHA-256 in hex. Equal inputs give equal bytes on every machine. Scopes by organizational unit and
 * account tag read `accounts`; they are undecided for an account that is missing there. @throws when the policy does
 * not fit the schema; then no file is written.
 */
export async function bundleLambda(
  policy: Policy,
  directory: string,
  accounts: Accounts = {},
): Promise<{ file: string; sha256: string }> {
  // As JavaScript, `__proto__` in this JSON would set a prototype; both schemas drop or refuse that key.
  const embedded = JSON.stringify(policySchema.parse(policy));
  const table = JSON.stringify(inOrder(accountsSchema.parse(accounts)));
  const text = `const PORTCULLIS_POLICY=${embedded},PORTCULLIS_ACCOUNTS=${table};\n${await functionCode()}`;
  const file = join(directory, 'index.mjs');
  await mkdir(directory, { recursive: true });
  await writeFile(file, text);
  return { file, sha256: hash('sha256', text) };
}

let built: { sources: string; code: Promise<string> } | undefined;

/** The function without a policy. A build takes a second, so it is repeated only when the sources have changed. */
async function functionCode(): Promise<string> {
  const sources = await sourceDigest();
  if (built?.sources === sources) return built.code;
  const made = { sources, code: buildFunction() };
  built = made;
  made.code.catch(() => {
    if (built === made) built = undefined;
  });
  return made.code;
}

/** A hash of everything in the function but policy and accounts: its sources and the locked packages. */
export async function sourceDigest(): Promise<string> {
  const digest = createHash('sha256');
  for (const file of [...(await functionSources()), 'package-lock.json'])
    digest.update(`\n${file}\n`).update(await readFile(join(root, file)));
  return digest.digest('hex');
}

/** Every source file of the remediation function: paths from the top of the repository, sorted. */
export async function functionSources(): Promise<string[]> {
  const all = await readdir(join(root, 'lambda'), { recursive: true });
  return all
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('lambda', file))
    .sort();
}

/** esbuild leaves the unknown names `PORTCULLIS_POLICY` and `PORTCULLIS_ACCOUNTS` for `bundleLambda` to declare. */
async function buildFunction(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['lambda/index.ts'],
    outfile: 'index.mjs',
    write: false,
    bundle: true,
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    plugins: [environmentCredentialsOnly, literalSchemaKeys],
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.text;
  if (!code) throw new Error('esbuild gave no output for the remediation Lambda');
  return code;
}

const byKey = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1));

/** An object keeps the order of these keys: account ids exceed 2^32, so they are not array indices. */
export function inOrder(accounts: Accounts): Accounts {
  return Object.fromEntries(
    byKey(accounts).map(([id, { organizationalUnits, tags }]) => [
      id,
      { organizationalUnits: [...organizationalUnits].sort(), tags: Object.fromEntries(byKey(tags)) },
    ]),
  );
}

/** A Lambda's credentials are always in its environment. The SDK's other sources would add 100 kB. */
const environmentCredentialsOnly: Plugin = {
  name: 'environment-credentials-only',
  setup(esbuild) {
    esbuild.onLoad({ filter: /credential-provider-node\/dist-es\/index\.js$/ }, () => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
    }));
  },
};

/**
 * The EC2 client declares its 700 operations with computed keys (`{ [_xN]: … }`), and esbuild cannot drop the 697
 * unused ones (550 kB). With literal keys it can.
 */
const literalSchemaKeys: Plugin = {
  name: 'literal-schema-keys',
  setup(esbuild) {
    esbuild.onLoad(
      { filter: /client-(ec2|dynamodb|sns|securityhub)\/dist-es\/schemas\/schemas_0\.js$/ },
      async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const names = new Map<string, string>();
        for (const [, name, value] of source.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm))
          names.set(name ?? '', value ?? '');
        return {
          contents: source.replace(/\[(_\w+)\]:/g, (key, name) =>
            names.has(name) ? `${names.get(name)}:` : key,
          ),
        };
      },
    );
  },
};
