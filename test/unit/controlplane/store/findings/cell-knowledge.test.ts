import { describe, expect, test } from 'vitest';
import {
  absenceOf,
  type CellKnowledge,
  withReading,
} from '../../../../../controlplane/store/findings/cell-knowledge.ts';

const at = (second: number) => new Date(Date.UTC(2026, 2, 2, 9, 0, second));
const reading = (second: number, undecided: string[] = [], listed: string[] = []) => ({
  ...{ readAt: at(second), undecided, listed: new Set(listed) },
});
const nothing: CellKnowledge = { readAt: null, undecided: {} };
const afterwards = (...readings: ReturnType<typeof reading>[]) => readings.reduce(withReading, nothing);
const absent = (knowledge: CellKnowledge, id = 'f-1') => absenceOf(knowledge, id)?.slice(17, 19);

describe('what the readings of a cell say of a finding that they do not list', () => {
  test.each<[string, CellKnowledge, string | undefined]>([
    ['nothing without a reading', nothing, undefined],
    ['that it was absent in the newest', afterwards(reading(10), reading(20)), '20'],
    ['the same whichever came first', afterwards(reading(20), reading(10)), '20'],
    ['nothing where the only one could not evaluate it', afterwards(reading(10, ['f-1'])), undefined],
    ['what the one before said', afterwards(reading(10), reading(20, ['f-1'])), '10'],
    ['the same where the one before came later', afterwards(reading(20, ['f-1']), reading(10)), '10'],
    [
      'what the last decided one said',
      afterwards(reading(10), reading(20, ['f-1']), reading(30, ['f-1'])),
      '10',
    ],
    ['the newest again once it is evaluated', afterwards(reading(10, ['f-1']), reading(20)), '20'],
    [
      'nothing by an older one that lists it',
      afterwards(reading(20, ['f-1']), reading(10, [], ['f-1'])),
      undefined,
    ],
    [
      'nothing by an older one that could not evaluate it either',
      afterwards(reading(20, ['f-1']), reading(10, ['f-1'])),
      undefined,
    ],
    ['the newer of two older ones', afterwards(reading(30, ['f-1']), reading(20), reading(10)), '20'],
  ])('%s', (_, knowledge, expected) => expect(absent(knowledge)).toBe(expected));

  test('a repeated reading changes nothing', () => {
    const known = afterwards(reading(10), reading(20, ['f-1']));
    expect(withReading(known, reading(20, ['f-1']))).toEqual(known);
    expect(withReading(known, reading(10))).toEqual(known);
  });
});
