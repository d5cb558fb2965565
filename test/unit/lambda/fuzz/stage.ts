import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import { type RemediationResult, remediationResultSchema } from '../../../../lambda/contract/result.ts';
import { createHandler } from '../../../../lambda/handler.ts';
import type { Ledger } from '../../../../lambda/ledger/ledger.ts';
import type { Policy } from '../../../../lambda/policy/schema/policy.ts';
import { awsError } from '../../../worlds/lambda.ts';
import { memoryLedger } from '../../../worlds/memory-cloud.ts';
import { members } from './ids.ts';
import type { EvaluatedRule } from './oracle.ts';
import { evaluateGroup, modeOf } from './oracle.ts';
import { accounts } from './policies.ts';
import type { Json } from './shapes.ts';
import { type Fake, fakeAws, type Group, type Mishap, type Scene } from './world.ts';

const busArn = 'arn:aws:events:eu-west-1:222222222222:event-bus/portcullis';
const token = 'xoxb-12345678';
const start = Date.parse('2026-03-02T09:15:10Z');

export type Stage = ReturnType<typeof createStage>;

/** One handler as a warm Lambda keeps it, with a world that is changed under it. */
export function createStage(policy: Policy, channels: boolean) {
  const aws = fakeAws(members, busArn, token);
  /** What was sent to Slack, and what the log has. */
  const written: string[] = [];
  let time = start;
  const fresh = () => memoryLedger(() => new Date(time));
  let ledger = fresh();
  const handler = createHandler({
    policy,
    accounts,
    environment: {
      ...{ busArn, hubRegion: 'eu-west-1', partition: 'aws', remediationRole: 'portcullis-remediation' },
      ...{ table: 'portcullis', securityHub: channels },
      slackSecretArn: channels ? 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack' : null,
      topicArn: channels ? 'arn:aws:sns:eu-west-1:222222222222:portcullis' : null,
    },
    cloud: aws.cloud,
    ledger: throughTo(() => ledger),
    fetch: async (_, { body }) => {
      written.push(String(body));
      return new Response('{"ok":true,"ts":"1.0","channel":"C1"}');
    },
    clock: {
      now: () => new Date(time),
      sleep: async (milliseconds) => {
        time += milliseconds;
      },
    },
    log: channels ? (step, facts) => written.push(JSON.stringify({ step, ...facts })) : () => undefined,
  });
  /** Forgets everything, and sets the clock back to its start. */
  const reset = () => {
    time = start;
    ledger = fresh();
    written.length = 0;
  };
  /** Whether the policy lets the Lambda change anything. */
  const revokes = policy.rules.some((rule) => modeOf(policy, rule) === 'revoke');
  /** From now on the ledger answers, or it does not. */
  const setLedger = (answers: boolean) => {
    ledger.fail = answers ? undefined : awsError('AccessDeniedException', 403);
  };
  return { policy, aws, revokes, handler, reset, setLedger, written };
}

function throughTo(ledger: () => Ledger): Ledger {
  return {
    read: (key) => ledger().read(key),
    write: (...entry) => ledger().write(...entry),
    writeOnce: (...entry) => ledger().writeOnce(...entry),
    members: (key) => ledger().members(key),
    add: (...entry) => ledger().add(...entry),
    remove: (...entry) => ledger().remove(...entry),
    count: (...entry) => ledger().count(...entry),
  };
}

/** The groups of a scene by cell and id, with their rules at the moment. */
export type Snapshot = Map<string, { group: Group; rules: readonly SecurityGroupRule[] }>;

export function snapshot(scene: Scene): Snapshot {
  return new Map(
    [...scene.cells].flatMap(([cell, groups]) =>
      [...groups.values()].map((group) => [`${cell}/${group.id}`, { group, rules: group.rules }] as const),
    ),
  );
}

/** What the oracle says of every rule of a group, by rule id; of a group that is none, nothing. */
export type Evaluations = (place: string) => ReadonlyMap<string, EvaluatedRule>;

/** The oracle for one scene; it judges what it is asked about, and each state of a group once. */
export function evaluating(policy: Policy, scene: Scene): (state: Snapshot) => Evaluations {
  type Known = { rules: readonly SecurityGroupRule[]; judged: Map<string, EvaluatedRule> };
  const known = new Map<string, Known>();
  return (state) => (place) => {
    const { group, rules } = state.get(place) ?? {};
    if (!group || !rules) return new Map();
    const earlier = known.get(place);
    if (earlier?.rules === rules) return earlier.judged;
    const [account = '', region = ''] = place.split('/');
    const tags = Object.fromEntries(group.tags.map(({ Key, Value }) => [Key, Value]));
    const units = accounts[account]?.organizationalUnits;
    const named = { groupId: group.id, groupName: group.name };
    const where = { account, region, units, tags, now: new Date(start), ...named };
    const judged = evaluateGroup(policy, where, rules, scene.lists);
    known.set(place, { rules, judged });
    return judged;
  };
}

/** The result of one invocation. */
export interface Run {
  before: Snapshot;
  after: Snapshot;
  record: Fake['record'];
  results: RemediationResult[];
  /** How it rejected; undefined where it did not. */
  rejection: string | undefined;
}

/** Delivers an event so many times at once, with what goes wrong meanwhile; `groups` is for how many there is time. */
export async function invoke(
  stage: Stage,
  scene: Scene,
  event: Json,
  { mishap, times = 1, groups = 99 }: { mishap?: Mishap | undefined; times?: number; groups?: number } = {},
): Promise<Run> {
  let left = groups;
  const remaining = () => {
    left -= 1;
    return left < 0 ? 5_000 : 60_000;
  };
  const before = snapshot(scene);
  stage.aws.play(scene, mishap);
  const settled = await Promise.allSettled(
    Array.from({ length: times }, () => stage.handler(event, remaining)),
  );
  const [failed] = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  const rejection =
    failed === undefined ? undefined : failed instanceof Error ? failed.message : String(failed);
  const leak = stage.written.find((text) => text.includes(token));
  if (leak) throw new Error(`the Slack token is published: ${leak}`);
  const record = { ...stage.aws.record };
  const answers = settled.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  const reported = answers.map((answer) => JSON.stringify(answer)).sort();
  if (!failed && reported.join() !== [...record.detail].sort().join())
    throw new Error('the answer is not what was published');
  return { before, after: snapshot(scene), record, results: record.detail.map(resultOf), rejection };
}

let read = 0;

/** What was published; one in four is held against the published schema, which takes its time. */
function resultOf(detail: string): RemediationResult {
  read += 1;
  const parsed = JSON.parse(detail);
  return read % 4 === 0 ? remediationResultSchema.parse(parsed) : parsed;
}
