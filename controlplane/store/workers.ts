import type { Database } from './database/database.ts';

export interface WorkerRecord {
  readonly id: string;
  readonly host: string;
  readonly processId: number;
  /** Names where the Pulumi state is, which all workers have to share. */
  readonly stateDigest: string;
  /** Names the settings, programs and policy that decide what is declared and what is deleted. */
  readonly settingsDigest: string;
  readonly startedAt: Date;
  readonly seenAt: Date;
}

/** Which control planes work on this database. One not seen for a minute is taken for dead. */
export function workerStore({ query }: Database) {
  return {
    /** Says that a worker lives and how it is set, and forgets those that were dead for a day. */
    async seen(worker: Omit<WorkerRecord, 'startedAt' | 'seenAt'>) {
      const { id, host, processId, stateDigest, settingsDigest } = worker;
      await query(
        `insert into worker (id, host, process_id, state_digest, settings_digest, started_at, seen_at)
         values ($1, $2, $3, $4, $5, now(), now())
         on conflict (id) do update set seen_at = now(), settings_digest = excluded.settings_digest`,
        [id, host, processId, stateDigest, settingsDigest],
      );
      await query(`delete from worker where seen_at < now() - interval '1 day'`);
    },
    async gone(id: string) {
      await query('delete from worker where id = $1', [id]);
    },
    /** Forgets every worker: for a start on a database that no other process has. */
    async forgetAll() {
      await query('delete from worker');
    },
    living: () =>
      query<WorkerRecord>(
        `select * from worker where seen_at > now() - interval '1 minute' order by started_at, id`,
      ),
  };
}
