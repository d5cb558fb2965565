import { createHash } from 'node:crypto';
import { type Policy, policyDigest } from '../../lambda/policy/parse.ts';
import type { Uses } from '../services/services.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import {
  editorOf,
  openPolicyFile,
  type PolicyFile,
  type PolicySettings,
  policyIn,
} from '../settings/policy.ts';
import { changeOf, type PolicyChange } from '../settings/policy-change.ts';
import { ask, type Confirmation, expire, supersede } from '../store/confirmations.ts';
import type { Query } from '../store/database/database.ts';
import { type ConfirmedPolicy, confirmedPolicy, confirmPolicy } from '../store/policies.ts';

/**
 * The policy for the hub: the file's, unless it lowers the mode of the last confirmed policy without a confirmation.
 * Both methods throw PortcullisError `invalid-policy` when there is no usable policy.
 */
export interface PolicyInForce {
  /** Records nothing. */
  read(): Promise<Policy>;
  /** Puts the file's policy in force, or asks for a confirmation. Safe for concurrent workers. */
  settle(): Promise<Policy>;
}

interface PolicyContext extends Uses<{ store: 'offboarding' | 'policies' | 'now'; log: 'warn' | 'info' }> {
  readonly settings: PolicySettings;
  readonly announce?: (question: Confirmation) => Promise<void>;
}

/** The last confirmed policy and what the file would lower. */
interface Comparison {
  readonly change: PolicyChange;
  /** @throws PortcullisError `invalid-policy` when this release cannot read it */
  readonly kept: () => Policy;
}

const day = (at: Date) => at.toISOString().slice(0, 16);

/** When this release cannot read the confirmed policy, any file may lower it. */
function compare(confirmed: ConfirmedPolicy, file: PolicyFile, settings: PolicySettings): Comparison {
  const name = `the policy confirmed ${day(confirmed.confirmedAt)}Z`;
  try {
    const kept = policyIn(confirmed.text, settings, name);
    return { change: changeOf(kept, file.policy), kept: () => kept };
  } catch (error) {
    const lowered = [`it is unknown what the file lowers: ${reasonOf(error)}`];
    const kept = () => {
      throw new PortcullisError(
        'invalid-policy',
        `${reasonOf(error)}; the hub keeps its policy until the policy file is confirmed: portcullis confirmations`,
      );
    };
    return { change: { ...changeOf(undefined, file.policy), from: confirmed.digest, lowered }, kept };
  }
}

/** The sentence names at most this many changes. */
const named = 6;

function describe({ lowered }: PolicyChange): string {
  const more = lowered.length > named ? [`and ${lowered.length - named} more`] : [];
  return `lower the policy: ${[...lowered.slice(0, named), ...more].join('; ')}`;
}

const digestOf = ({ from, to }: PolicyChange): string =>
  createHash('sha256').update(`policy ${from} ${to}`).digest('hex');

const heldSentence = ({ id, state, about, why }: Confirmation, since: Date): string => {
  const kept = `the hub keeps the policy confirmed ${day(since)}Z`;
  return state === 'refused'
    ? `the policy file would ${about}, which was refused (confirmation ${id}): ${kept}`
    : `the policy file would ${about}, because ${why}: ${kept}; portcullis confirm ${id}, or refuse`;
};

/** Asks for a confirmation of an edit. Returns the open question about it. */
function question(query: Query, file: PolicyFile, change: PolicyChange, at: Date) {
  const { source, text: policyText } = file;
  const by = editorOf(source);
  const why = `${source.file} on ${source.host} was changed (owner ${by})`;
  const asked = {
    digest: digestOf(change),
    hold: 'policy' as const,
    why,
    about: describe(change),
    stacks: [],
  };
  return ask(query, asked, at, { kind: 'policy-mode', policy: { ...change, source }, policyText, by });
}

export function policyInForce({ settings, store, log, announce }: PolicyContext): PolicyInForce {
  const settleAgainst = async (query: Query, file: PolicyFile, at: Date) => {
    const confirmed = await confirmedPolicy(query);
    const { change, kept } = confirmed
      ? compare(confirmed, file, settings)
      : { change: changeOf(undefined, file.policy), kept: undefined };
    if (confirmed && kept && change.lowered.length > 0) {
      await expire(query, at, 'policy-mode');
      return { kept, since: confirmed.confirmedAt, ...(await question(query, file, change, at)) };
    }
    await supersede(query, 'policy-mode', undefined);
    if (change.from === change.to) return undefined;
    const by = editorOf(file.source);
    const record = { digest: policyDigest(file.policy), text: file.text, confirmedBy: by, confirmedAt: at };
    await confirmPolicy(query, record, change, { source: file.source });
    return undefined;
  };
  return {
    async read() {
      const file = await openPolicyFile(settings);
      const confirmed = await store.policies.confirmed();
      if (!confirmed) return file.policy;
      const { change, kept } = compare(confirmed, file, settings);
      return change.lowered.length > 0 ? kept() : file.policy;
    },
    async settle() {
      const file = await openPolicyFile(settings);
      const at = await store.now();
      const held = await store.offboarding.alone((query) => settleAgainst(query, file, at));
      if (!held) return file.policy;
      const { confirmation, fresh, since, kept } = held;
      log.warn({ confirmation: confirmation.id }, heldSentence(confirmation, since));
      if (fresh) await announce?.(confirmation);
      return kept();
    },
  };
}
