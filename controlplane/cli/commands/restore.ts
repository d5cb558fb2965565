import type { RestoreView } from '../../remediations/restore/view.ts';
import { PortcullisError } from '../../settings/errors.ts';
import type { Client } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { exits, say, show, type Terminal } from '../output/terminal.ts';
import { lookUntilEnd } from './looks.ts';

interface RestoreOptions {
  readonly owner?: string | undefined;
  readonly why?: string | undefined;
  readonly ticket?: string | undefined;
  readonly expires?: string | undefined;
  readonly permanent?: boolean | undefined;
  readonly rule?: readonly string[] | undefined;
}

/** The required options that are missing. Pure. */
function missingOptions(options: RestoreOptions): string[] {
  const missing = (['owner', 'why', 'ticket'] as const).filter((name) => !options[name]);
  const end = options.expires || options.permanent ? [] : ['expires or --permanent'];
  return [...missing, ...end].map((name) => `--${name}`);
}

const restoreLines: Record<RestoreView['state'], string> = {
  pending: 'the hub is being updated with the exception',
  'exception-deployed': 'the hub has the exception; the rules are being restored',
  restored: 'restored',
  failed: 'failed',
};

const restoredText = ({ rules }: RestoreView): string =>
  rules
    .filter(({ restoredRuleId }) => restoredRuleId)
    .map((rule) => `${rule.ruleId} is back as ${rule.restoredRuleId}, by exception ${rule.exception}`)
    .join('\n');

/** Follows a restore to its end, or until Ctrl-C; the exit code. */
export function followRestore(client: Client, id: string, terminal: Terminal): Promise<number> {
  let shown: string | undefined;
  return lookUntilEnd(client, terminal, {
    look: () => client.restored(id),
    seen(now) {
      if (now.state !== shown)
        say(terminal, `${restoreLines[now.state]}${now.reason ? `: ${now.reason}` : ''}`);
      shown = now.state;
      if (!now.finishedAt) return undefined;
      if (terminal.json || restoredText(now) !== '') show(terminal, now, restoredText);
      return now.state === 'restored' ? exits.done : exits.failed;
    },
    work: () => ({ noun: 'restore', id }),
  });
}

/** Asks for a restore and follows it to its end; the exit code. @throws `invalid-request` if an option is missing */
export async function restore(
  terminal: Terminal,
  options: RestoreOptions,
  remediation: string,
): Promise<number> {
  const missing = missingOptions(options);
  if (missing.length > 0) throw new PortcullisError('invalid-request', `restore needs ${missing.join(', ')}`);
  const { owner, why, ticket, expires, permanent, rule } = options;
  return withClient(async (client) => {
    const body = { owner, why, ticket, expires, permanent, rules: rule };
    const { id, rules } = await client.restore(remediation, body);
    say(terminal, `restore ${id} of ${rules.map(({ ruleId }) => ruleId).join(', ')}`);
    return followRestore(client, id, terminal);
  });
}
