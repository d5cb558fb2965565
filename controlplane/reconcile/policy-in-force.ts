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
 * The policy that the hub is to have: the file's, unless that lowers the effective mode of the last one confirmed and no
 * person has confirmed it. What both give throws PortcullisError `invalid-policy` where there is none to go by.
 */
export interface PolicyInForce {
  /** Records nothing. */
  look(): Promise<Policy>;
  /** Puts the file's policy in force, or asks a person about it. Several workers may do so at once. */
  settle(): Promise<Policy>;
}

interface PolicyContext extends Uses<{ store: 'offboarding' | 'policies' | 'now'; log: 'warn' | 'info' }> {
  readonly settings: PolicySettings;
  /** Called with each new question. */
  readonly announce?: (question: Confirmation) => Promise<void>;
}

/** The last confirmed policy, as this program reads it, and what the file would change of it. */
interface Comparison {
  readonly change: PolicyChange;
  /** @throws PortcullisError `invalid-policy` where this program cannot read it */
  readonly kept: () => Policy;
}

const day = (at: Date) => at.toISOString().slice(0, 16);

/** A policy that this program cannot read any more is one that the file may lower. */
function compare(confirmed: ConfirmedPolicy, file: PolicyFile, settings: PolicySettings): Comparison {
  const name = `the policy confirmed ${day(confirmed.confirmedAt)}Z`;
  try {
    const kept = policyIn(confirmed.text, settings, name);
    return { change: changeOf(kept, file.policy), kept: () => kept };
  } catch (error) {
    const lowered = [`what it lowers is not known: ${reasonOf(error)}`];
    const kept = () => {
      throw new PortcullisError(
        'invalid-policy',
        `${reasonOf(error)}; the hub keeps what it has until the policy file is confirmed: portcullis confirmations`,
      );
    };
    return { change: { ...changeOf(undefined, file.policy), from: confirmed.digest, lowered }, kept };
  }
}

/** So many of the changes are named in a sentence. */
const named = 6;

function describe({ lowered }: PolicyChange): string {
  const more = lowered.length > named ? [`and ${lowered.length - named} more`] : [];
  return `lower the policy: ${[...lowered.slice(0, named), ...more].join('; ')}`;
}

const digestOf = ({ from, to }: PolicyChange): string =>
  createHash('sha256').update(`policy ${from} ${to}`).digest('hex');

/** What stands between the file and the hub, for people. */
const heldSentence = ({ id, state, about, why }: Confirmation, since: Date): string => {
  const kept = `the hub keeps the policy confirmed ${day(since)}Z`;
  return state === 'refused'
    ? `the policy file would ${about}, which was refused (confirmation ${id}): ${kept}`
    : `the policy file would ${about}, because ${why}: ${kept}; portcullis confirm ${id}, or refuse`;
};

/** Asks a person about an edit; what stands about it. */
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
    async look() {
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
