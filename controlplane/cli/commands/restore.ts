import type { RestoreView } from '../../remediations/restore/view.ts';
import type { Client } from '../client/http.ts';
import { exits } from '../output/exits.ts';
import type { Screen } from '../output/progress.ts';

export interface RestoreOptions {
  readonly owner?: string | undefined;
  readonly why?: string | undefined;
  readonly ticket?: string | undefined;
  readonly expires?: string | undefined;
  readonly permanent?: boolean | undefined;
  readonly rule?: readonly string[] | undefined;
}

/** The options that a restore cannot do without and that are not given. Pure. */
export function missingOptions(options: RestoreOptions): string[] {
  const words = (['owner', 'why', 'ticket'] as const).filter((name) => !options[name]);
  const end = options.expires || options.permanent ? [] : ['expires or --permanent'];
  return [...words, ...end].map((name) => `--${name}`);
}

const restoreLines: Record<RestoreView['state'], string> = {
  pending: 'the hub is being updated with the exception',
  'exception-deployed': 'the hub carries the exception; the rules are being put back',
  restored: 'restored',
  failed: 'failed',
};

/** Asks for a restore and follows it to its end; the exit code. */
export async function restore(
  client: Client,
  remediation: string,
  { owner, why, ticket, expires, permanent, rule }: RestoreOptions,
  screen: Screen,
): Promise<number> {
  const words = { owner, why, ticket, expires, permanent: permanent || undefined, rules: rule };
  const { id, rules } = await client.restore(remediation, words);
  screen.write(`restore ${id} of ${rules.map(({ ruleId }) => ruleId).join(', ')}\n`);
  let shown: string | undefined;
  for (;;) {
    const now = await client.restored(id);
    if (now.state !== shown)
      screen.write(`${restoreLines[now.state]}${now.reason ? `: ${now.reason}` : ''}\n`);
    shown = now.state;
    if (now.finishedAt) {
      for (const each of now.rules)
        if (each.restoredRuleId)
          screen.write(`${each.ruleId} is back as ${each.restoredRuleId}, by exception ${each.exception}\n`);
      return now.state === 'restored' ? exits.done : exits.failed;
    }
    await new Promise((next) => setTimeout(next, 500));
  }
}
