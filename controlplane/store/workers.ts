import type { Database } from './database.ts';

export interface WorkerRecord {
  readonly id: string;
  readonly host: string;
  readonly processId: number;
  /** Names where the Pulumi state is, which all workers have to share. */
  readonly stateDigest: string;
  /** Names the settings that decide what is declared. */
  readonly settingsDigest: string;
  readonly startedAt: Date;
  readonly seenAt: Date;
}

/** Which control planes work on this database. One not seen for a minute is taken for dead. */
export interface WorkerStore {
  /** Says that a worker lives, and forgets those that were dead for a day. */
  seen(worker: Omit<WorkerRecord, 'startedAt' | 'seenAt'>): Promise<void>;
  gone(id: string): Promise<void>;
  living(): Promise<WorkerRecord[]>;
}

const columns = `id, host, process_id as "processId", state_digest as "stateDigest",
  settings_digest as "settingsDigest", started_at as "startedAt", seen_at as "seenAt"`;

export function workerStore({ query }: Pick<Database, 'query'>): WorkerStore {
  return {
    async seen({ id, host, processId, stateDigest, settingsDigest }) {
      await query(
        `insert into worker (id, host, process_id, state_digest, settings_digest, started_at, seen_at)
         values ($1, $2, $3, $4, $5, now(), now()) on conflict (id) do update set seen_at = now()`,
        [id, host, processId, stateDigest, settingsDigest],
      );
      await query(`delete from worker where seen_at < now() - interval '1 day'`);
    },
    async gone(id) {
      await query('delete from worker where id = $1', [id]);
    },
    living: () =>
      query(
        `select ${columns} from worker where seen_at > now() - interval '1 minute' order by started_at, id`,
      ),
  };
}
