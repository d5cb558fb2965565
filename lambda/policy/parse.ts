import type { Document, LineCounter } from 'yaml';
import { isMap, isNode, isPair } from 'yaml';
import type * as z from 'zod';
import { type Policy, policySchema } from './schema/policy.ts';
import { readYaml } from './yaml.ts';

export {
  effectiveMode,
  type Mode,
  modes,
  type Policy,
  type PolicyRule,
  policyDigest,
  policySchema,
} from './schema/policy.ts';

/** Every mistake in a policy file, one on each line: `line 7: rules[0].mode: write observe, notify or revoke`. */
export class PolicyError extends Error {
  override name = 'PolicyError';
}

/**
 * The policy in a `policy.yaml` text. Pure. @throws {PolicyError} with line, field and fix of every mistake, unknown
 * keys included.
 */
export function parsePolicy(text: string): Policy {
  const { document, lines, mistakes: broken } = readYaml(text);
  if (broken.length > 0)
    throw new PolicyError(describe(broken.map(({ line, message }) => `line ${line}: ${message}`)));
  const parsed = policySchema.safeParse(plainValue(document));
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.flatMap((issue) => explain(issue, document, lines));
  throw new PolicyError(describe(mistakes));
}

/** @throws {PolicyError} when aliases would expand the document beyond a limit. */
function plainValue(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new PolicyError(describe([error instanceof Error ? error.message : String(error)]));
  }
}

function describe(mistakes: string[]): string {
  return `the policy cannot be read:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`;
}

function explain(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): string[] {
  if (issue.code !== 'unrecognized_keys') {
    return [`line ${lineOf(issue.path, document, lines)}: ${field(issue.path)}: ${issue.message}`];
  }
  return issue.keys.map((key) => {
    const path = [...issue.path, key];
    return `line ${lineOf(path, document, lines)}: ${field(path)}: unknown key; ${issue.message}`;
  });
}

/** The line of the key or item that a path names, or of its nearest existing parent. */
function lineOf(path: readonly PropertyKey[], document: Document, lines: LineCounter): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const pair = isMap(parent)
      ? parent.items.find((item) => isPair(item) && String(item.key) === String(last))
      : undefined;
    const node = pair ? pair.key : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function field(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'policy';
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}
