import { isUnconfirmed, keptSentence, readScope, termsOf } from '../offboarding/scope.ts';
import type { Installation } from '../organization/installation.ts';
import { organizationFact, unreadFact } from '../reconcile/organization.ts';
import type { Uses } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import { redact } from '../settings/redact.ts';
import type { Missing } from '../stacks/missing.ts';
import { uninstallSentence } from '../store/uninstall.ts';

interface Readiness
  extends Uses<{
    store: 'facts' | 'now' | 'uninstall';
    database: 'query';
    aws: 'caller';
    settings: 'regions' | 'organizationalUnits' | 'exclude' | 'secrets';
    log: true;
  }> {
  readonly installation?: Pick<Installation, 'refusal'>;
  /** The organization must have been read since this time, by the database's clock; undefined: not required. */
  readonly since: Date | undefined;
  /** How long AWS may take to answer, milliseconds. */
  readonly patienceMs?: number;
}

const lacks = (what: Missing['what'], message: string, fix: string, blocking = true): Missing => ({
  ...{ what, blocking, message, fix },
});

async function databaseOf({ store, log }: Readiness): Promise<Missing[]> {
  try {
    await store.now();
    return [];
  } catch (error) {
    log.warn({ error: reasonOf(error) }, 'database');
    const fix =
      'check that the database of DATABASE_URL runs and takes connections; without DATABASE_URL, restart the service';
    return [lacks('database', 'the database does not answer', fix)];
  }
}

/** The queue has this table with pg-boss's version once it was started. */
async function queueOf({ database, log }: Readiness): Promise<Missing[]> {
  try {
    await database.query('select version from queue.version');
    return [];
  } catch (error) {
    log.warn({ error: reasonOf(error) }, 'queue');
    const fix = 'let the database user create and use the schema queue, then restart the service';
    return [lacks('queue', 'the queue in the database cannot be read', fix)];
  }
}

/** AWS is asked until it accepts the credentials once. A later failure shows in the reading of the organization. */
async function credentialsOf({ aws, since, patienceMs = 5_000 }: Readiness): Promise<Missing[]> {
  if (!since) return [];
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
  });
  try {
    await Promise.race([aws.caller(), tooLong]);
    return [];
  } catch (error) {
    const fix =
      'set AWS_PROFILE, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or give the machine a role; docs/access.md lists what it needs';
    return [lacks('aws-credentials', `AWS does not accept the credentials: ${reasonOf(error)}`, fix)];
  } finally {
    clearTimeout(timer);
  }
}

async function hubOf({ installation }: Readiness): Promise<Missing[]> {
  const refusal = await installation?.refusal();
  const fix = 'stop the other control plane, then run portcullis take-over';
  return refusal ? [lacks('hub', refusal, fix)] : [];
}

async function organizationOf({ store: { facts }, since }: Readiness): Promise<Missing[]> {
  if (!since) return [];
  const [read, unread] = [await facts.get(organizationFact), await facts.get<string | null>(unreadFact)];
  const isRead = read !== undefined && read.updatedAt >= since;
  const why = unread && unread.updatedAt >= since && unread.value;
  const fix =
    'check PORTCULLIS_ORGANIZATIONS_ROLE_ARN and the permissions of the control plane in docs/access.md';
  if (why)
    return [
      lacks(
        'organization',
        `the organization cannot be read: ${why}; nothing is deleted until it is`,
        fix,
        !isRead,
      ),
    ];
  const wait = 'wait for the first reading; portcullis status shows the accounts afterwards';
  return isRead ? [] : [lacks('organization', 'the organization has not been read since the start', wait)];
}

/** A person asked for it, so it does not block. Nothing is listed then, and no scope is applied. */
async function uninstallOf({ store: { uninstall } }: Readiness): Promise<Missing[]> {
  const request = await uninstall.get();
  const fix = 'portcullis uninstall shows what remains; portcullis reinstall begins the installation again';
  return request ? [lacks('uninstall', uninstallSentence(request), fix, false)] : [];
}

/** A scope that waits for a confirmation does not block: this service takes the answer. */
async function scopeOf({ store: { facts }, settings }: Readiness): Promise<Missing[]> {
  const record = await readScope(facts);
  const terms = termsOf(record, settings);
  const correct = 'correct PORTCULLIS_REGIONS, PORTCULLIS_ORGANIZATIONAL_UNITS or PORTCULLIS_EXCLUDE';
  if (terms.wrong) return [lacks('scope', keptSentence(terms), `${correct}, then restart the service`)];
  if (!isUnconfirmed(record, settings)) return [];
  const message = 'the settings leave out what is covered; it stays covered until a person confirms';
  const fix = `portcullis confirmations, then portcullis confirm <id> or portcullis refuse <id>; or ${correct}`;
  return [lacks('scope', message, fix, false)];
}

/** Checks that need the database are skipped when it does not answer. Never throws, contains no secret. */
export function readiness(given: Readiness) {
  const clean = redact(given.settings.secrets);
  return async (): Promise<readonly Missing[]> => {
    const [database, credentials] = await Promise.all([databaseOf(given), credentialsOf(given)]);
    const found = [...database, ...credentials];
    if (database.length === 0) {
      try {
        const uninstalled = await uninstallOf(given);
        const rest = uninstalled.length > 0 ? [] : [organizationOf, scopeOf];
        for (const ask of [queueOf, hubOf, ...rest]) found.push(...(await ask(given)));
        found.push(...uninstalled);
      } catch (error) {
        given.log.warn({ error: reasonOf(error) }, 'database');
        found.push(lacks('database', 'the database stopped answering', 'retry in a few seconds'));
      }
    }
    return found.map((each) => ({ ...each, message: clean(each.message) as string }));
  };
}
