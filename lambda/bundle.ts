import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { type Accounts, accountsSchema } from './policy/account-facts.ts';
import { type Policy, policySchema } from './policy/schema/policy.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes `<directory>/index.mjs`, the remediation Lambda with this policy inside (handler `index.handler`), and
 * gives its path and SHA-256 in hex. Equal inputs give equal bytes, wherever they are built. `accounts` is what the
 * policy's scopes by organizational unit and account tag go by; an account that it lacks is undecided there.
 * @throws where the policy does not fit the grammar: such a bundle is never written.
 */
export async function bundleLambda(
  policy: Policy,
  directory: string,
  accounts: Accounts = {},
): Promise<{ file: string; sha256: string }> {
  const embedded = JSON.stringify(policySchema.parse(policy));
  const table = JSON.stringify(inOrder(accountsSchema.parse(accounts)));
  const text = `const PORTCULLIS_POLICY=${embedded},PORTCULLIS_ACCOUNTS=${table};\n${await functionCode()}`;
  const file = join(directory, 'index.mjs');
  await mkdir(directory, { recursive: true });
  await writeFile(file, text);
  return { file, sha256: createHash('sha256').update(text).digest('hex') };
}

let built: Promise<string> | undefined;

/** The function without a policy, which takes a second to build: once in a process. */
function functionCode(): Promise<string> {
  built ??= buildFunction().catch((error) => {
    built = undefined;
    throw error;
  });
  return built;
}

/** `PORTCULLIS_POLICY` and `PORTCULLIS_ACCOUNTS` are no names of it: esbuild leaves them for `bundleLambda` to declare. */
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

/** Account ids are no array indices (they exceed 2^32), so an object keeps them in the order given. */
function inOrder(accounts: Accounts): Accounts {
  return Object.fromEntries(
    Object.entries(accounts)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([id, { organizationalUnits, tags }]) => [
        id,
        {
          organizationalUnits: [...organizationalUnits].sort(),
          tags: Object.fromEntries(Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1))),
        },
      ]),
  );
}

/** A Lambda's own credentials are always in its environment; the SDK's other sources would be 100 kB unused. */
const environmentCredentialsOnly: Plugin = {
  name: 'environment-credentials-only',
  setup(esbuild) {
    esbuild.onLoad({ filter: /credential-provider-node\/dist-es\/index\.js$/ }, () => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
    }));
  },
};

/**
 * The EC2 client declares its 700 operations with computed keys (`{ [_xN]: … }`), which keep esbuild from dropping
 * the 697 that are not used (550 kB). The same keys as literals mean the same and let it.
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
