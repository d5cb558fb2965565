import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { RemediationResult, ResultFinding } from '../../../../lambda/contract/result.ts';
import { blockOf, isInside } from './address-space.ts';
import { members } from './ids.ts';
import { cellOf } from './naming.ts';
import type { EvaluatedRule } from './oracle.ts';
import { expectedSource } from './oracle-source.ts';
import type { Json } from './shapes.ts';
import type { Evaluations, Run, Stage } from './stage.ts';
import type { Scene } from './world.ts';

const idsOf = (rules: readonly SecurityGroupRule[]) => rules.map((rule) => rule.SecurityGroupRuleId ?? '');
const keyOf = ({ account, region, groupId }: RemediationResult) => `${account}/${region}/${groupId}`;
export const isRevoke = (judged: EvaluatedRule | undefined) =>
  judged?.verdict === 'forbidden' && judged.mode === 'revoke';

export function check(holdsTrue: unknown, mistake: string): asserts holdsTrue {
  if (!holdsTrue) throw new Error(mistake);
}

/** Nothing is touched but rules that the policy takes away, in the places that an event may be about. */
export function checkSafety(stage: Stage, scene: Scene, event: Json, run: Run, judged: Evaluations): void {
  const { before, after, record } = run;
  const from = cellOf(event);
  const own = `${from?.account}/${from?.region}/`;
  const strayed = record.trespasses.filter((cell) => !isNamedRegion(event, cell));
  check(strayed.length === 0, `called in ${strayed}`);
  const writes = [...record.revoked, ...record.authorized];
  check(stage.revokes || writes.length === 0, `changed ${writes} in a mode that changes nothing`);
  const isEdit = /PrefixList/.test(eventNameOf(event));
  for (const line of writes) {
    const [cell, groupId, ruleId = ''] = line.split(' ');
    const place = `${cell}/${groupId}`;
    check(place.startsWith(own) || isEdit, `touched ${line} from ${own}`);
    const { group } = before.get(place) ?? {};
    check(group && place.startsWith(`${group.owner}/`), `touched ${line}, which is another owner's`);
    if (!record.revoked.includes(line)) continue;
    const verdict = judged(place).get(ruleId);
    check(isRevoke(verdict), `revoked ${line}, which is ${verdict?.verdict ?? 'no ingress rule of before'}`);
  }
  for (const [place, { rules }] of before) {
    const left = new Set(after.get(place)?.rules);
    const gone = rules
      .filter((rule) => !left.has(rule))
      .map((rule) => `${rule.GroupId} ${rule.SecurityGroupRuleId}`);
    const called = record.revoked.map((line) => line.split(' ').slice(1).join(' '));
    if (record.mishaps === 0)
      check(
        gone.every((each) => called.includes(each)),
        `${gone} went without a call`,
      );
  }
  checkNarrowing(stage, run, judged, scene);
}

/** A target of a resolver names the Region of its prefix list: there it is read, and the groups of other accounts that use it. */
function isNamedRegion(event: Json, cell: string): boolean {
  const [owner, region] = cell.split('/');
  const isTarget = /^(Create|Modify)IpamPrefixListResolverTarget$/.test(eventNameOf(event));
  return isTarget && members.includes(owner ?? '') && JSON.stringify(event.detail).includes(`"${region}"`);
}

/** What is allowed instead is in the policy's list, and was allowed before by a revoked rule. */
function checkNarrowing({ policy }: Stage, { before, record }: Run, judged: Evaluations, scene: Scene): void {
  for (const line of record.authorized) {
    const [cell, groupId, protocol, from, to, text = ''] = line.split(' ');
    const place = `${cell}/${groupId}`;
    const listed = policy.rules.some(({ narrowTo }) => narrowTo?.includes(text));
    check(listed, `allowed ${text}, which the policy does not list`);
    const sources = (before.get(place)?.rules ?? [])
      .filter(({ IpProtocol }) => IpProtocol === protocol)
      .filter(({ FromPort, ToPort }) => protocol === '-1' || `${FromPort} ${ToPort}` === `${from} ${to}`)
      .filter(({ CidrIpv6 }) => text.includes(':') || !CidrIpv6)
      .filter((rule) => isRevoke(judged(place).get(rule.SecurityGroupRuleId ?? '')))
      .map((rule) => expectedSource(rule, scene.lists, false));
    const wasOpen = sources.some(
      (source) => source.kind === 'blocks' && isInside(blockOf(text), source.blocks),
    );
    check(wasOpen, `allowed ${text}, which no revoked rule did`);
  }
}

/** One result for each inspected group, consistent with its present rules and with the policy. */
export function checkResults(run: Run, judged: Evaluations, event: Json): void {
  const { results, after, record } = run;
  const keys = results.map(({ groupId }) => String(groupId));
  check(new Set(keys).size === keys.length, `more than one result of a group: ${keys}`);
  check(results.length > 0 || run.rejection || isQuiet(event), 'the event has no result');
  const from = cellOf(event);
  for (const result of results) {
    if (result.groupId === null) continue;
    const cell = `${result.account}/${result.region}`;
    check(result.region === from?.region || isNamedRegion(event, cell), `a result in ${result.region}`);
    const place = keyOf(result);
    const { group, rules } = after.get(place) ?? {};
    if (!group || !rules) {
      check(['group-gone', 'access-denied', 'failed'].includes(result.outcome), `${place} is not there`);
      continue;
    }
    if (['access-denied', 'failed'].includes(result.outcome)) continue;
    if (group.owner !== result.account) {
      check(result.outcome === 'ignored', `${place} is another owner's`);
      continue;
    }
    if (record.mishaps === 0) checkResult(result, judged(place), new Set(idsOf(rules)));
  }
}

/** Every revoked rule is reported, by the retry when the first attempt ended before its report. */
export function checkNotified(runs: Run[]): void {
  const findings = runs.flatMap(({ results }) => results).flatMap((result) => result.findings);
  const reported = new Set(findings.filter(isRemoved).map(({ ruleId }) => ruleId));
  const missing = runs
    .flatMap(({ record }) => record.revoked)
    .filter((line) => !reported.has(line.split(' ')[2] ?? ''));
  check(missing.length === 0, `revoked ${missing} without a report`);
}

const isRemoved = ({ action }: ResultFinding) => action === 'revoked' || action === 'narrowed';
const eventNameOf = (event: Json): string => {
  const { eventName } = Object(event.detail) as Json;
  return typeof eventName === 'string' ? eventName : '';
};
const isQuiet = (event: Json) =>
  ['CreateTags', 'DeleteTags', 'CreateSecurityGroup'].includes(eventNameOf(event)) ||
  event['detail-type'] === 'Scheduled Event';

function checkResult(
  result: RemediationResult,
  judged: ReadonlyMap<string, EvaluatedRule>,
  present: ReadonlySet<string>,
): void {
  const of = (verdict: EvaluatedRule['verdict']) =>
    [...judged].flatMap(([id, each]) => (each.verdict === verdict ? [id] : []));
  const same = (what: string, found: { ruleId: string }[], wanted: string[]) => {
    const ids = found.map(({ ruleId }) => ruleId).sort();
    check(String(ids) === String(wanted.sort()), `${result.groupId}: ${what} ${ids}, not ${wanted}`);
  };
  if (result.omitted > 0) return;
  same('finds', result.findings, of('forbidden'));
  same('excepts', result.excepted, of('excepted'));
  same('does not judge', result.undecided, of('unclear'));
  for (const { ruleId, action, undo } of result.findings) {
    const { mode, by } = judged.get(ruleId) ?? {};
    const right =
      mode === 'revoke'
        ? ['revoked', 'narrowed']
        : by?.mode === 'revoke'
          ? ['would-revoke']
          : mode === 'notify'
            ? ['notified']
            : ['observed'];
    check(right.includes(action), `${ruleId} is ${action} and not ${right}`);
    check(
      present.has(ruleId) === (mode !== 'revoke'),
      `${ruleId} is ${action} and ${present.has(ruleId) ? 'there' : 'gone'}`,
    );
    check(
      (undo !== null) === (mode === 'revoke'),
      `${ruleId} is ${action} with undo ${JSON.stringify(undo)}`,
    );
  }
}

/** The rejections that are documented, and only where the scene has a cause for one. */
export function checkRejection({ rejection, record, results }: Run, scene: Scene, event: Json): void {
  const grave = results.find(({ outcome }) => outcome === 'failed' || outcome === 'access-denied');
  check(!grave || rejection, `${grave?.groupId} is ${grave?.outcome}, and the invocation succeeds`);
  const account = cellOf(event)?.account ?? '';
  if (!rejection || record.mishaps > 0) return;
  if (/^to be retried: .*still being edited/.test(rejection) && scene.editing.size > 0) return;
  if (/^access-denied: .*AccessDenied/.test(rejection) && !members.includes(account)) return;
  if (/^to be retried: .*no time is left/.test(rejection)) return;
  if (/^terminal: .*InvalidGroupId.Malformed/.test(rejection)) return;
  if (/^access-denied: .*AccessDeniedException/.test(rejection)) return; // the ledger
  throw new Error(`rejected: ${rejection}`);
}
