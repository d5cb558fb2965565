import fc from 'fast-check';
import { members } from './ids.ts';
import { checkNotified, checkRejection, checkResults, checkSafety } from './invariants.ts';
import { checkClosed, checkFound } from './invariants-meant.ts';
import { createEvent, eventArbitrary } from './mutations.ts';
import { cellOf } from './naming.ts';
import { policies } from './policies.ts';
import { createScene, sceneArbitrary } from './scene.ts';
import type { Json } from './shapes.ts';
import { createStage, evaluating, invoke, type Run, type Stage } from './stage.ts';
import type { Mishap, Scene } from './world.ts';

const mishaps: Mishap['kind'][] = [
  ...(['throttled', 'denied', 'broken', 'answer lost', 'rule deleted', 'rule added'] as const),
];

/** Numbers that a trial is made from. */
const trialArbitrary = fc.record({
  stage: fc.nat(1_023),
  event: eventArbitrary,
  scene: sceneArbitrary,
  luck: fc.nat(9_999),
});
type TrialNumbers = typeof trialArbitrary extends fc.Arbitrary<infer Numbers> ? Numbers : never;

/** What came of an event each time it was delivered. */
export type Trial = Run[];

/**
 * Delivers so many events to handlers of these policies, each into a world of its own, one in sixteen times with all
 * the channels there are to tell people by. @throws where what comes of one is not as it must be: with the event, the
 * world, and the seed and path that bring them back as FUZZ_SEED and FUZZ_PATH.
 */
export async function deliverMutated(
  names: string[],
  runs: number,
  seen: (trial: Trial) => void,
): Promise<void> {
  const stages = names.flatMap((name) => {
    const policy = policies.get(name);
    if (!policy) throw new Error(`there is no policy ${name}`);
    const silent = createStage(policy, false);
    return [...Array.from({ length: 15 }, () => silent), createStage(policy, true)];
  });
  const { FUZZ_SEED: seed, FUZZ_PATH: path } = process.env;
  const replay = seed === undefined ? {} : { seed: Number(seed), ...(path !== undefined && { path }) };
  const property = fc.asyncProperty(trialArbitrary, async (numbers) => {
    seen(await tryOut(stages[numbers.stage % stages.length] as Stage, numbers));
  });
  await fc.assert(property, { numRuns: runs, ...replay });
}

async function tryOut(stage: Stage, { event: made, scene: at, luck }: TrialNumbers): Promise<Trial> {
  const { event, isFormal } = createEvent(made);
  const { account, region } = cellOf(event) ?? { account: members[0] ?? '', region: 'eu-west-1' };
  const scene = createScene(account, region, at);
  const chance = luck % 16;
  const [kind, place] = [Math.floor(luck / 16) % mishaps.length, Math.floor(luck / 96) % 12];
  const mishap = chance % 8 === 7 ? { at: 1 + place, kind: mishaps[kind] ?? 'denied' } : undefined;
  const course = {
    isFormal,
    isSilent: chance === 4,
    isHurried: chance === 5,
    isTwice: chance === 3,
    isRepeated: chance < 2,
  };
  stage.reset();
  try {
    return await play(stage, scene, event, { mishap, ...course });
  } catch (error) {
    const groups = [...scene.cells].map(([cell, within]) => [cell, [...within.values()]]);
    const shown = JSON.stringify({ mishap, event, groups, lists: [...scene.lists] }).replace(
      /A{999,}/g,
      'A…',
    );
    throw new Error(`${error instanceof Error ? error.stack : error}\n${shown.slice(0, 12_000)}`);
  }
}

interface Course {
  mishap: Mishap | undefined;
  /** Nothing was done to the event but to its form. */
  isFormal: boolean;
  /** The ledger does not answer the first time. */
  isSilent: boolean;
  /** There is time for one group alone. */
  isHurried: boolean;
  /** It is delivered twice at the same time. */
  isTwice: boolean;
  /** It is delivered again although nothing came of it. */
  isRepeated: boolean;
}

async function play(stage: Stage, scene: Scene, event: Json, course: Course): Promise<Trial> {
  const { isTwice, isSilent, isHurried, mishap } = course;
  const once = evaluating(stage.policy, { ...scene, lists: whileEdited(scene) });
  stage.setLedger(!isSilent);
  const first = await invoke(stage, scene, event, {
    mishap,
    times: isTwice ? 2 : 1,
    ...(isHurried && { groups: 1 }),
  });
  stage.setLedger(true);
  if (isSilent && first.record.revoked.length > 0 && !first.rejection)
    throw new Error('it succeeds though the ledger does not know of what it took away');
  checkRun(stage, scene, event, first, once);
  checkClosed(event, first, once(first.after), course.isFormal);
  const isUndisturbed = first.record.mishaps === 0 && !first.rejection && !isTwice;
  if (!isTwice) checkResults(first, once(first.before), event);
  if (isUndisturbed && course.isFormal) checkFound(event, first, once(first.before));
  const runs = [first];
  if (!isUndisturbed || first.record.revoked.length > 0 || course.isRepeated) {
    const settled = { ...scene, editing: new Set<string>() };
    const again = evaluating(stage.policy, settled);
    const second = await invoke(stage, settled, event);
    checkRun(stage, settled, event, second, again);
    checkClosed(event, second, again(second.after), course.isFormal);
    if (isUndisturbed) checkNothingNew(second);
    if (isUndisturbed) checkResults(second, again(second.before), event);
    runs.push(second);
  }
  checkNotified(runs);
  return runs;
}

/** The content of a list is unknown while it is edited. */
function whileEdited({ lists, editing }: Scene): Scene['lists'] {
  return new Map([...lists].map(([id, content]) => [id, editing.has(id) ? 'unreadable' : content]));
}

/** What must hold after any failure. */
function checkRun(
  stage: Stage,
  scene: Scene,
  event: Json,
  run: Run,
  judge: ReturnType<typeof evaluating>,
): void {
  checkSafety(stage, scene, event, run, judge(run.before));
  checkRejection(run, scene, event);
}

function checkNothingNew({ record }: Run): void {
  const changed = [...record.revoked, ...record.authorized];
  if (changed.length > 0) throw new Error(`the same event once more changed ${changed}`);
}
