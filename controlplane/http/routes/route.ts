import { z } from 'zod';
import type { Policy } from '../../../lambda/policy/parse.ts';
import type { OffboardingService } from '../../offboarding/offboarding.ts';
import type { Installation } from '../../organization/installation.ts';
import type { RestoreQueue } from '../../remediations/restore/queue.ts';
import type { RunQueue } from '../../runs/queue.ts';
import { PortcullisError } from '../../settings/errors.ts';
import type { Role } from '../../settings/tokens.ts';
import type { Missing } from '../../stacks/missing.ts';
import type { Layout } from '../../store/fleet/cells.ts';
import type { Store } from '../../store/store.ts';
import type { Sweeper } from '../../sweep/fleet/sweeper.ts';
import type { Verifier } from '../../verify/verifier.ts';

export interface RouteContext {
  readonly store: Store;
  /** Which stacks carry the forwarding rules. */
  readonly layout: Layout;
  readonly queue: Pick<RunQueue, 'request' | 'pause' | 'resume' | 'cancel'>;
  readonly restores: Pick<RestoreQueue, 'request'>;
  readonly verifier: Pick<Verifier, 'request'>;
  readonly sweeper: Pick<Sweeper, 'request' | 'cancel'>;
  readonly installation: Pick<Installation, 'takeOver' | 'refusal'>;
  readonly offboarding: Pick<
    OffboardingService,
    'confirm' | 'refuse' | 'scope' | 'uninstallView' | 'requestUninstall' | 'requestReinstall'
  >;
  /** @throws PortcullisError `conflict` while the installation is being uninstalled */
  readonly assertInstalled?: () => Promise<void>;
  /** The policy file as it is now. @throws PortcullisError `invalid-policy`. */
  readonly policy: () => Promise<Policy>;
  /** Refuses Regions that do not exist. @throws PortcullisError `invalid-request` */
  readonly requireRegions: (regions: readonly string[] | undefined) => Promise<void>;
  /** What the service lacks, each with its fix; empty where it lacks nothing. Never throws. */
  readonly missing: () => Promise<readonly Missing[]>;
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
  /** The least role that may use it; `anyone` needs no token. */
  readonly role: Role | 'anyone';
  /** A read that makes one large answer: few of them run at once. */
  readonly costly?: true;
  /** A POST that an installation takes that is being uninstalled. */
  readonly whileUninstalled?: true;
  readonly body?: z.ZodType<Body>;
  readonly query?: z.ZodType<Query>;
  /** What each status means. Those that every route can answer are added in the document. */
  readonly answers: Readonly<Record<number, string>>;
  /** What a good answer holds; a text that has no structure has none. */
  readonly returns?: z.ZodType;
  /** What an answer of another status holds that is no problem+json. */
  readonly alsoReturns?: Readonly<Record<number, z.ZodType>>;
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

/** What a path names and the store does not have. `list` is the path of the list, where there is one. */
export const unknownId = (noun: string, id: string, list?: string): PortcullisError =>
  new PortcullisError('not-found', `${noun} ${id} does not exist${list ? `; GET ${list} lists them` : ''}`);

/** An id of a path, for a column of uuids. @throws PortcullisError `not-found` where no id of the store has that form */
export function uuidOf(noun: string, id = '', list?: string): string {
  if (z.uuid().safeParse(id).success) return id;
  throw unknownId(noun, id, list);
}

/** The record of an id of a path. @throws PortcullisError `not-found` */
export async function recordOf<Found>(
  noun: string,
  id: string,
  read: (id: string) => Promise<Found | undefined>,
  list?: string,
): Promise<Found> {
  const found = await read(uuidOf(noun, id, list));
  if (found === undefined) throw unknownId(noun, id, list);
  return found;
}
