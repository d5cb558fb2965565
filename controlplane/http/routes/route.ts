import type { z } from 'zod';
import type { Policy } from '../../../lambda/policy/parse.ts';
import type { OffboardingService } from '../../offboarding/offboarding.ts';
import type { Installation } from '../../organization/installation.ts';
import type { RestoreQueue } from '../../remediations/restore/queue.ts';
import type { RunQueue } from '../../runs/queue.ts';
import type { Store } from '../../store/store.ts';
import type { Verifier } from '../../verify/verifier.ts';

export interface RouteContext {
  readonly store: Store;
  readonly queue: Pick<RunQueue, 'request' | 'pause' | 'resume' | 'cancel'>;
  readonly restores: Pick<RestoreQueue, 'request'>;
  readonly verifier: Pick<Verifier, 'request'>;
  readonly installation: Pick<Installation, 'takeOver' | 'refusal'>;
  readonly offboarding: Pick<OffboardingService, 'confirm' | 'refuse' | 'scope'>;
  /** The policy file as it is now. @throws PortcullisError `invalid-policy`. */
  readonly policy: () => Promise<Policy>;
  /** Refuses Regions that do not exist. @throws PortcullisError `invalid-request` */
  readonly requireRegions: (regions: readonly string[] | undefined) => Promise<void>;
  /** What keeps the service from working, or nothing. */
  readonly notReady: () => Promise<string | undefined>;
  /** What is measured, in the Prometheus text format. */
  readonly metrics: () => Promise<string>;
  /** The CloudFormation template of the access role, as YAML. */
  readonly accessTemplate: () => Promise<string>;
}

/** Text as it is, whole or in pieces that are made as the reader takes them; a piece that fails breaks the answer off. */
export interface TextAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string | AsyncIterable<string>;
}

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly location?: string;
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
  /** The content type of a good answer that is not JSON. */
  readonly produces?: string;
  handle(
    context: RouteContext,
    request: { body: Body; query: Query; parameters: Record<string, string>; caller: string },
  ): Promise<JsonAnswer | TextAnswer>;
}

/** Keeps body and query typed inside one route; the table forgets them. */
export const route = <Body = undefined, Query = undefined>(definition: Route<Body, Query>): Route =>
  definition as unknown as Route;

export const ok = (body: unknown) => ({ status: 200, body });
