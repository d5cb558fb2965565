import type { Database, Query } from '../database/database.ts';
import { firstRow } from '../database/query.ts';
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

const columns = 'after_id::text as after, through_id::text as through, lines, previous, hash';

/** Of the lines `after < id <= through`, so many at most, after a seal with the hash `previous`: SQL expressions. */
const digest = (after: string, through: string, previous: string, most: string) => `
  select count(*)::int as lines, max(id) as through, max(at) as last_at,
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

/** None where another process sealed the lines meanwhile. */
export async function sealLines(
  database: Pick<Database, 'query' | 'transaction'>,
  most = 10_000,
): Promise<Seal | undefined> {
  const { query } = database;
  const final = await finalId(database);
  if (final === undefined) return undefined;
  const last = await firstRow<Seal>(
    query,
    `select ${columns} from audit_seal order by through_id desc limit 1`,
  );
  const before = last ?? (await beginning(query));
  return firstRow<Seal>(
    query,
    `insert into audit_seal (after_id, through_id, lines, last_at, previous, hash, sealed_at)
       select $1, through, lines, last_at, $3, hash, now()
       from (${digest('$1::bigint', '$2::bigint', '$3::text', '$4')}) as made
       where lines > 0 on conflict do nothing returning ${columns}`,
    [before.through, final.toString(), before.hash, most],
  );
}

interface Recomputed extends Seal {
  readonly linesNow: number;
  readonly hashNow: string;
}

const nextSeal = `select seal.*, present.lines as lines_now, present.hash as hash_now
  from (select ${columns} from audit_seal where through_id > $1 order by through_id limit 1) as seal
    cross join lateral (${digest('seal.after::bigint', 'seal.through::bigint', 'seal.previous', 'seal.lines + 1')}) as present`;

/** Why a seal does not hold, or nothing. */
function fault(seal: Recomputed, before: Position): string | undefined {
  if (seal.after !== before.through || seal.previous !== before.hash)
    return 'the seal before it is missing or another';
  if (seal.linesNow !== seal.lines) return `${seal.lines} lines were sealed, ${seal.linesNow} are there`;
  return seal.hashNow === seal.hash ? undefined : 'a line is not what it was';
}

export async function checkSeals(query: Query): Promise<AuditCheck> {
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
  const [left] = await query<{ unsealed: number }>(
    `select count(*)::int as unsealed from audit
     where id > (select coalesce(max(through_id), $1::bigint) from audit_seal)`,
    [before.through],
  );
  const last = sum.seals > 0 ? { through: before.through, hash: before.hash } : null;
  return { intact: broken === null, ...sum, unsealed: left?.unsealed ?? 0, last, broken };
}
