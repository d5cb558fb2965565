import type { Database, Query } from '../database/database.ts';
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

/** What became of recomputing the seals. `unsealed` lines are newer than the last seal, so nothing is known of them. */
export interface AuditCheck {
  readonly intact: boolean;
  readonly seals: number;
  readonly lines: number;
  readonly unsealed: number;
  /** To compare with the one in the log of that moment, which whoever writes to the database cannot reach. */
  readonly last: { readonly through: string; readonly hash: string } | null;
  /** Which lines are not what they were, and why; the first of them only. */
  readonly broken: { readonly after: string; readonly through: string; readonly why: string } | null;
}

const genesis = '0'.repeat(64);

/** Of the lines `$1 < id <= $2` after a seal `$3`. */
const sealOf = `select count(*)::int as lines, max(at)::text as last_at, max(id)::text as through,
    encode(sha256(convert_to($3::text || E'\\n' || coalesce(string_agg(line || E'\\n', '' order by id), ''), 'UTF8')), 'hex') as hash
  from (select id, at, ${lineText} as line from audit where id > $1 and id <= $2 order by audit.id limit $4) as sealed`;

interface Computed {
  readonly lines: number;
  readonly lastAt: string | null;
  readonly through: string | null;
  readonly hash: string;
}

const columns = 'after_id::text as after, through_id::text as through, lines, previous, hash';

const lastSeal = async (query: Query): Promise<Seal | undefined> => {
  const [seal] = await query<Seal>(`select ${columns} from audit_seal order by through_id desc limit 1`);
  return seal;
};

/** The last line and seal that retention removed, by its own line; where nothing was removed, the beginning. */
async function beginning(query: Query): Promise<{ through: string; hash: string }> {
  const [row] = await query<{ through: string; hash: string }>(
    `select details->>'through' as through, details->>'hash' as hash from audit
     where what = 'retention applied' and details->>'of' = 'audit' order by id desc limit 1`,
  );
  return row ?? { through: '0', hash: genesis };
}

export async function sealLines(
  database: Pick<Database, 'query' | 'transaction'>,
  most = 10_000,
): Promise<Seal | undefined> {
  const { query } = database;
  const final = await finalId(database);
  if (final === undefined) return undefined;
  const before = (await lastSeal(query)) ?? (await beginning(query));
  if (BigInt(before.through) >= final) return undefined;
  const [made] = await query<Computed>(sealOf, [before.through, final.toString(), before.hash, most]);
  if (!made?.through) return undefined;
  const [seal] = await query<Seal>(
    `insert into audit_seal (after_id, through_id, lines, last_at, previous, hash, sealed_at)
     values ($1, $2, $3, $4, $5, $6, now()) on conflict do nothing returning ${columns}`,
    [before.through, made.through, made.lines, made.lastAt, before.hash, made.hash],
  );
  // None: another process sealed them meanwhile.
  return seal;
}

const page = 100;

/** Why a seal does not hold, or nothing. */
async function fault(query: Query, seal: Seal, before: { through: string; hash: string }) {
  if (seal.after !== before.through || seal.previous !== before.hash)
    return 'the seal before it is missing or another';
  const [now] = await query<Computed>(sealOf, [seal.after, seal.through, seal.previous, seal.lines + 1]);
  if (now?.lines !== seal.lines) return `${seal.lines} lines were sealed, ${now?.lines} are there`;
  return now.hash === seal.hash ? undefined : 'a line is not what it was';
}

export async function checkSeals(query: Query): Promise<AuditCheck> {
  let seals = 0;
  let lines = 0;
  let before = await beginning(query);
  const unsealed = async () => {
    const [row] = await query<{ count: number }>('select count(*)::int as count from audit where id > $1', [
      (await lastSeal(query))?.through ?? before.through,
    ]);
    return row?.count ?? 0;
  };
  const report = async (broken: AuditCheck['broken']): Promise<AuditCheck> => {
    const last = seals > 0 ? { through: before.through, hash: before.hash } : null;
    return { intact: broken === null, seals, lines, unsealed: await unsealed(), last, broken };
  };
  const [early] = await query<{ id: string }>('select min(id)::text as id from audit where id <= $1', [
    before.through,
  ]);
  if (early?.id) {
    return report({
      after: '0',
      through: before.through,
      why: 'a line is there that was removed as expired',
    });
  }
  for (;;) {
    const some = await query<Seal>(
      `select ${columns} from audit_seal where through_id > $1 order by through_id limit ${page}`,
      [before.through],
    );
    for (const seal of some) {
      const why = await fault(query, seal, before);
      // Unless retention has just removed it, which begins the chain further on.
      if (why && BigInt((await beginning(query)).through) >= BigInt(seal.through)) return checkSeals(query);
      if (why) return report({ after: seal.after, through: seal.through, why });
      seals += 1;
      lines += seal.lines;
      before = seal;
    }
    if (some.length < page) return report(null);
  }
}
