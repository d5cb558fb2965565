import type { z } from 'zod';
import type { Policy } from '../../lambda/policy.ts';
import type { RestoreQueue } from '../restore-queue.ts';
import type { RunQueue } from '../run-queue.ts';
import type { Store } from '../store/store.ts';

export interface RouteContext {
  readonly store: Store;
  readonly queue: Pick<RunQueue, 'request'>;
  readonly restores: Pick<RestoreQueue, 'request'>;
  /** The policy file as it is now. @throws PortcullisError `invalid-policy`. */
  readonly policy: () => Promise<Policy>;
  /** What keeps the service from working, or nothing. */
  readonly notReady: () => Promise<string | undefined>;
}

export interface Route<Body = unknown, Query = unknown> {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  /** Open routes answer without a bearer token. */
  readonly open?: true;
  readonly body?: z.ZodType<Body>;
  readonly query?: z.ZodType<Query>;
  readonly answers: Readonly<Record<number, string>>;
  handle(
    context: RouteContext,
    request: { body: Body; query: Query; parameters: Record<string, string>; caller: string },
  ): Promise<{ status: number; body: unknown; location?: string }>;
}

/** Keeps body and query typed inside one route; the table forgets them. */
export const route = <Body = undefined, Query = undefined>(definition: Route<Body, Query>): Route =>
  definition as unknown as Route;

export const ok = (body: unknown) => ({ status: 200, body });
