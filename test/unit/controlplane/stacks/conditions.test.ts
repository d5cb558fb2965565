import { describe, expect, test } from 'vitest';
import {
  mark,
  markDrifted,
  markFailed,
  markReady,
  markReconciling,
  markStalled,
} from '../../../../controlplane/stacks/conditions.ts';

const [first, second, third] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'];

describe('a condition', () => {
  test('keeps since while its status is the same, though its reason changes', () => {
    const before = markFailed({}, 'Failed', 'no', first);
    const after = markFailed(before, 'NotReachable', 'refused', second);
    expect(after.Ready).toEqual({
      status: 'False',
      reason: 'NotReachable',
      message: 'refused',
      since: first,
    });
  });

  test('gets a new since when its status changes', () => {
    const ready = markReady(markFailed({}, 'Failed', 'no', first), 'done', second);
    expect(ready.Ready).toEqual({ status: 'True', reason: 'Succeeded', message: 'done', since: second });
    expect(markReady(ready, 'again', third).Ready?.since).toBe(second);
  });

  test('of another type stays as it is', () => {
    const covered = mark({}, { TrailsCovered: { status: 'True', reason: 'Covered', message: '' } }, first);
    expect(markFailed(covered, 'Failed', 'no', second).TrailsCovered).toEqual(covered.TrailsCovered);
  });

  test('is never changed in place', () => {
    const before = markReady({}, 'done', first);
    const copy = structuredClone(before);
    markReconciling(before, second);
    markDrifted(before, ['a'], second);
    expect(before).toEqual(copy);
  });
});

describe('conditions set together', () => {
  test('ready means neither reconciling nor drifted', () => {
    const ready = markReady(markDrifted(markReconciling({}, first), ['x'], first), '', second);
    expect([ready.Ready?.status, ready.Reconciling?.status, ready.Drifted?.status]).toEqual([
      'True',
      'False',
      'False',
    ]);
  });

  test('reconciling means not stalled', () => {
    const stalled = markStalled(markFailed({}, 'Failed', 'no', first), 'no', first);
    expect(markReconciling(stalled, second).Stalled).toMatchObject({ status: 'False', since: second });
  });

  test('reconciling leaves Ready as it was', () => {
    const ready = markReady({}, '', first);
    expect(markReconciling(ready, second).Ready).toEqual(ready.Ready);
    expect(markReconciling({}, second).Ready).toBeUndefined();
  });

  test('failed means that drift is not known, rather than none', () => {
    const failed = markFailed(markReady({}, '', first), 'Failed', 'no', second);
    expect([failed.Ready?.status, failed.Reconciling?.status, failed.Drifted?.status]).toEqual([
      'False',
      'False',
      'Unknown',
    ]);
  });

  test('drift names each difference and leaves Ready as it was', () => {
    const ready = markReady({}, '', first);
    const drifted = markDrifted(ready, ['a', 'b'], second);
    expect(drifted.Drifted).toMatchObject({ status: 'True', reason: 'DriftFound', message: 'a; b' });
    expect(drifted.Ready).toEqual(ready.Ready);
    expect(markDrifted(drifted, [], third).Drifted).toMatchObject({ status: 'False', since: third });
  });
});
