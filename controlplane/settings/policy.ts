import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { setTimeout as rest } from 'node:timers/promises';
import { type Policy, parsePolicy } from '../../lambda/policy/parse.ts';
import type { Settings } from './environment.ts';
import { PortcullisError } from './errors.ts';

export type PolicySettings = Pick<Settings, 'policyFile' | 'narrowing'>;

/** The policy file as it was read, and where from. */
export interface PolicyFile {
  readonly text: string;
  readonly policy: Policy;
  readonly source: PolicySource;
}

/** Whose file it is, as far as the host knows: the owner of a file need not be who edited it. */
export interface PolicySource {
  readonly file: string;
  readonly host: string;
  /** `user` is null where the host has no name for the id. */
  readonly owner: { readonly uid: number; readonly user: string | null };
}

/**
 * The policy file as it is now.
 * @throws PortcullisError `invalid-policy`, naming line, field and fix, or the setting that a rule needs.
 */
export async function openPolicyFile(settings: PolicySettings): Promise<PolicyFile> {
  const file = settings.policyFile;
  const { text, uid } = await readWithOwner(file).catch((error) => {
    throw refusal(`PORTCULLIS_POLICY ${file}`, error instanceof Error ? error.message : String(error), error);
  });
  const policy = policyIn(text, settings, `PORTCULLIS_POLICY ${file}`);
  return { text, policy, source: { file, host: hostname(), owner: { uid, user: await userOf(uid) } } };
}

/** @throws PortcullisError `invalid-policy`, as `openPolicyFile` does. */
export const readPolicyFile = async (settings: PolicySettings): Promise<Policy> =>
  (await openPolicyFile(settings)).policy;

/**
 * The policy that a text declares, where the settings allow it.
 * @throws PortcullisError `invalid-policy`, naming the text by `name`.
 */
export function policyIn(
  text: string,
  { narrowing }: Pick<PolicySettings, 'narrowing'>,
  name: string,
): Policy {
  let policy: Policy;
  try {
    policy = parsePolicy(text);
  } catch (error) {
    throw refusal(name, error instanceof Error ? error.message : String(error), error);
  }
  const narrows = policy.rules.find(({ narrowTo }) => narrowTo);
  if (narrows && !narrowing) {
    throw refusal(
      name,
      `rule ${narrows.name} has narrowTo, and PORTCULLIS_NARROWING is off; set it to on, which lets the remediation role open what narrowTo lists, or leave narrowTo out`,
    );
  }
  return policy;
}

function refusal(name: string, text: string, cause?: unknown): PortcullisError {
  const [first = '', ...mistakes] = text.split('\n').map((line) => line.trim());
  const inOneLine = [first, mistakes.join('; ')].join(' ').trim();
  return new PortcullisError('invalid-policy', `${name}: ${inOneLine}`, { cause });
}

/** Text and owner of the same file, also while another one takes its name. */
async function readWithOwner(file: string): Promise<{ text: string; uid: number }> {
  const handle = await open(file);
  try {
    const { uid } = await handle.stat();
    return { text: await handle.readFile('utf8'), uid };
  } finally {
    await handle.close();
  }
}

/** The user of an id, as far as this process and its host's passwd file know. */
async function userOf(uid: number): Promise<string | null> {
  try {
    const own = userInfo();
    if (own.uid === uid) return own.username;
  } catch {
    // An id without a name, as containers have.
  }
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n');
  const [name = null] = lines.find((line) => line.split(':')[2] === String(uid))?.split(':') ?? [];
  return name;
}

/** Who an edit of the file is put down to: its owner and the host, as `user@host`. */
export const editorOf = ({ owner: { uid, user }, host }: PolicySource): string => `${user ?? uid}@${host}`;

/** For so long a file that is being replaced may be away, milliseconds. */
const replacedMs = 250;

/** The digest of the file's text; a missing or unreadable file has a digest of its own. */
export async function policyFileDigest(file: string): Promise<string> {
  const digest = async () =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  return digest()
    .catch(async () => {
      await rest(replacedMs);
      return digest();
    })
    .catch(({ code }: NodeJS.ErrnoException) => `unreadable: ${code}`);
}
