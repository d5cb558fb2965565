import type { Database, Query } from '../database/database.ts';
import { firstColumn, firstRow } from '../database/query.ts';
import { writeAudit } from './entries.ts';
import { finalId, lineText } from './lines.ts';

/**
 * What the lines `after < id <= through` were when they were sealed: `hash` is the SHA-256, in hex, of the previous
 * seal's hash and each line's text in the order of ids, every one ended by a newline. So each seal stands for all
 * lines before it as well.
 */
export interface Seal {
  readonly after: string;
  readonly through: string;
  readonly lines: number;
  readonly previous: string;
  readonly hash: string;
}

type Position = Pick<Seal, 'through' | 'hash'>;

/** The result of computing all seals again. `unsealed` lines are newer than the last seal, so nothing is known of them. */
export interface AuditCheck {
  readonly intact: boolean;
  readonly seals: number;
  readonly lines: number;
  readonly unsealed: number;
  /** To compare with the hash in the log, which a person with write access to the database cannot change. */
  readonly last: Position | null;
  /** Which lines are not what they were, and why; the first of them only. */
  readonly broken: { readonly after: string; readonly through: string; readonly why: string } | null;
}

const columns = 'after_id::text as after, id::text as through, lines, previous, hash';

/** Of the lines `after < id <= through`, so many at most, after a seal with the hash `previous`: SQL expressions. */
const digest = (after: string, through: string, previous: string, most: string) => `
  select count(*)::int as lines, max(id) as id, max(at) as at,
    encode(sha256(convert_to(${previous} || E'\\n' || coalesce(string_agg(line || E'\\n', '' order by id), ''), 'UTF8')), 'hex') as hash
  from (select id, at, ${lineText} as line from audit where id > ${after} and id <= ${through}
    order by audit.id limit ${most}) as sealed`;

/** The last line and seal that retention removed, by its own line; where nothing was removed, the beginning. */
const beginning = async (query: Query): Promise<Position> =>
  (await firstRow<Position>(
    query,
    `select details->>'through' as through, details->>'hash' as hash from audit
      where what = 'retention applied' and details->>'of' = 'audit' order by id desc limit 1`,
  )) ?? { through: '0', hash: '0'.repeat(64) };

interface Recomputed extends Seal {
  readonly linesNow: number;
  readonly hashNow: string;
}

const nextSeal = `select seal.*, present.lines as lines_now, present.hash as hash_now
  from (select ${columns} from audit_seal where id > $1 order by audit_seal.id limit 1) as seal
    cross join lateral (${digest('seal.after::bigint', 'seal.through::bigint', 'seal.previous', 'seal.lines + 1')}) as present`;

/** Why a seal does not hold, or nothing. */
function fault(seal: Recomputed, before: Position): string | undefined {
  if (seal.after !== before.through || seal.previous !== before.hash)
    return 'the seal before it is missing or another';
  if (seal.linesNow !== seal.lines) return `${seal.lines} lines were sealed, ${seal.linesNow} are there`;
  return seal.hashNow === seal.hash ? undefined : 'a line is not what it was';
}

/** Reads a seal at a time, so a check of a long log delays nothing. */
async function checkSeals(query: Query): Promise<AuditCheck> {
  let before = await beginning(query);
  const sum = { seals: 0, lines: 0 };
  const early = await query('select 1 from audit where id <= $1 limit 1', [before.through]);
  const why = 'a line is there that was removed as expired';
  let broken = early.length > 0 ? { after: '0', through: before.through, why } : null;
  while (!broken) {
    const seal = await firstRow<Recomputed>(query, nextSeal, [before.through]);
    if (!seal) break;
    const why = fault(seal, before);
    // Unless retention has just removed it, which begins the chain further on.
    if (why && BigInt((await beginning(query)).through) >= BigInt(seal.through)) return checkSeals(query);
    if (why) broken = { after: seal.after, through: seal.through, why };
    else {
      before = seal;
      sum.seals += 1;
      sum.lines += seal.lines;
    }
  }
  const [unsealed = 0] = await firstColumn<number>(query, 'select count(*)::int from audit_unsealed');
  const last = sum.seals > 0 ? { through: before.through, hash: before.hash } : null;
  return { intact: broken === null, ...sum, unsealed, last, broken };
}

/** The same in every process: one at a time applies the retention. */
const retentionLock = 6_821_005;
/** A transaction removes about so many lines. */
const linesRemoved = 100_000;

/** The last seal that one transaction may remove: every line up to it is older than $1 days. */
const lastExpired = `
  with boundary as (select now() - make_interval(days => $1) as expired),
    first as (select min(after_id) as after_id from audit_seal)
  select id::text as through, hash from audit_seal, boundary, first
  where at < expired
    and id < coalesce((select min(id) from audit_seal where at >= expired), 9223372036854775807)
    and (audit_seal.after_id = first.after_id or id <= first.after_id + ${linesRemoved})
  order by id desc limit 1`;

export const auditSeals = (database: Pick<Database, 'query' | 'transaction'>) => ({
  /** Whether this many lines are under no seal yet, or one that is older than so many seconds. */
  async isSealDue(lines: number, seconds: number): Promise<boolean> {
    const [due] = await firstColumn<boolean | null>(
      database.query,
      `select count(*) >= $1 or min(at) < now() - make_interval(secs => $2)
       from (select at from audit_unsealed order by id limit $1) as first`,
      [lines, seconds],
    );
    return due ?? false;
  },
  /**
   * Seals the lines since the last seal, so many at most. Undefined where there are none, writers are busy, or another
   * process sealed them meanwhile.
   */
  async seal(most = 10_000): Promise<Seal | undefined> {
    const final = await finalId(database);
    if (final === undefined) return undefined;
    const { query } = database;
    const last = await firstRow<Seal>(query, `select ${columns} from audit_seal order by id desc limit 1`);
    const { through, hash } = last ?? (await beginning(query));
    return firstRow<Seal>(
      query,
      `insert into audit_seal (id, at, after_id, lines, previous, hash)
       select id, at, $1, lines, $3, hash from (${digest('$1::bigint', '$2::bigint', '$3::text', '$4')}) as made
       where lines > 0 on conflict do nothing returning ${columns}`,
      [through, final.toString(), hash, most],
    );
  },
  /** Recomputes every seal. Changes nothing. */
  check: (): Promise<AuditCheck> => checkSeals(database.query),
  /**
   * Removes whole seals with their lines, oldest first, once every line in them is older than so many days. A call
   * removes a part, and returns how many lines; 0 when none is left.
   */
  async removeExpired(days: number): Promise<number> {
    if (days < 30) throw new Error('the audit log is kept for 30 days at least');
    return database.transaction(async (query) => {
      await query(`select pg_advisory_xact_lock(${retentionLock})`);
      const last = await firstRow<Position>(query, lastExpired, [days]);
      if (!last) return 0;
      await query(`select set_config('portcullis.retention', $1, true)`, [last.through]);
      const [removed = 0] = await firstColumn<number>(
        query,
        'with gone as (delete from audit where id <= $1 returning id) select count(*)::int from gone',
        [last.through],
      );
      await query('delete from audit_seal where id <= $1', [last.through]);
      const details = { of: 'audit', removed, ...last, keptDays: days };
      await writeAudit(query, { who: 'portcullis', what: 'retention applied', details });
      return removed;
    });
  },
});
