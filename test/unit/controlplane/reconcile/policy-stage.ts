import { readFile, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach } from 'vitest';
import { createOffboarding } from '../../../../controlplane/offboarding/offboarding.ts';
import { hubBundler } from '../../../../controlplane/reconcile/hub-bundle.ts';
import { policyInForce } from '../../../../controlplane/reconcile/policy-in-force.ts';
import { hubAlone } from '../../../../controlplane/stacks/scope.ts';
import type { Confirmation } from '../../../../controlplane/store/confirmations.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { parsePolicy, policyDigest } from '../../../../lambda/policy/parse.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createWorld } from '../../../worlds/reconcile.ts';

export const policy = (mode: string, cap = 'revoke') => `version: 1
mode: ${cap}
rules:
  - { name: ssh, match: { ports: { any: [22] } }, mode: ${mode} }
  - { name: rdp, match: { ports: { any: [3389] } }, mode: notify }
`;
export const digestOf = (text: string) => policyDigest(parsePolicy(text));
/** Who owns the files that a test writes. */
export const editor = `${userInfo().username}@${hostname()}`;

/** The hub's reconcile over a policy file, a real store, and a person who answers; emptied before each test. */
export function policyStage() {
  let data: string;
  /** The last line of the audit log before the test: lines are never removed. */
  let lastLine: bigint;
  const stage = {
    database: {} as Database,
    store: {} as Store,
    policyFile: '',
    run: (() => undefined) as unknown as ReturnType<typeof createWorld>['run'],
    inForce: {} as ReturnType<typeof policyInForce>,
    answer: {} as Pick<ReturnType<typeof createOffboarding>, 'confirm' | 'refuse'>,
    warned: [] as string[],
    announced: [] as Confirmation[],
    enqueued: [] as string[],
    /** The code that the hub was made with last. */
    deployed: undefined as string | undefined,
    /** What the store takes for the time. */
    at: async () => new Date(),
    write: (text: string) => writeFile(stage.policyFile, text),
    /** Writes the file and reconciles the hub; the mode of `ssh` and the cap that it has then. */
    async deployedWith(text: string) {
      await stage.write(text);
      await stage.run({ onlyChanged: true, scope: hubAlone });
      const [, cap, ssh] =
        /\{"version":1,"mode":"(\w+)","rules":\[\{"name":"ssh",.*?"mode":"(\w+)"/.exec(
          stage.deployed ?? '',
        ) ?? [];
      return `${ssh} under ${cap}`;
    },
    /** Has a policy that revokes in force. */
    async first() {
      await stage.write(policy('revoke'));
      await stage.run();
    },
    async asked() {
      const all = await stage.store.confirmations.list();
      const open = all.find(({ kind, state }) => kind === 'policy-mode' && state === 'open');
      if (!open) throw new Error('nothing is asked');
      return open;
    },
    states: async () => (await stage.store.confirmations.list()).map(({ kind, state }) => `${kind} ${state}`),
    audited: async () =>
      (await stage.store.audit.list(50))
        .filter(({ id, what }) => BigInt(id) > lastLine && what.startsWith('policy '))
        .reverse(),
  };
  test.beforeEach(({ given: embedded }) => {
    ({ data, database: stage.database, store: stage.store } = embedded);
    stage.policyFile = join(data, 'policy.yaml');
  });
  beforeEach(async () => {
    const { database, store, policyFile } = stage;
    lastLine = BigInt((await store.audit.list(1))[0]?.id ?? 0);
    const { world, run, settings, aws } = createWorld(store, database);
    const log = Object.assign(makeLogger('silent'), {
      warn: (_: object, message: string) => void stage.warned.push(message),
    });
    const inForce = policyInForce({
      ...{ settings: { ...settings, policyFile }, store: { ...store, now: () => stage.at() }, log },
      announce: async (question) => void stage.announced.push(question),
    });
    world.hubBundle = hubBundler({ policy: inForce, aws, store, directory: join(data, 'bundle') });
    world.up = async ({ arguments: args }) => {
      if (args.kind === 'hub')
        stage.deployed = await readFile(join(dirname(args.bundle.file), 'index.mjs'), 'utf8');
    };
    const enqueue = async (keys: readonly string[]) => void stage.enqueued.push(...keys);
    const answer = createOffboarding({ store, enqueue } as unknown as Parameters<
      typeof createOffboarding
    >[0]);
    const empty = { warned: [], announced: [], enqueued: [], deployed: undefined };
    Object.assign(stage, { run, inForce, answer, at: () => store.now(), ...empty });
  });
  return stage;
}
