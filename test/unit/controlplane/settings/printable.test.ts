import { expect, test } from 'vitest';
import { printable, printableValues } from '../../../../controlplane/settings/printable.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';

const hostile = 'web\u{e0041}\u202egnp.exe\u001b[2J\u0000\u009b1m\u2066x\u2069';

test('what moves a cursor or turns the direction of a text is removed, and nothing else', () => {
  expect(printable(hostile)).toBe('webgnp.exe[2J1mx');
  const harmless = 'Zürich 東京 שלום 👩‍💻\tline\nline';
  expect(printable(harmless)).toBe(harmless);
});

test('in JSON it is removed from every text', () => {
  expect(JSON.parse(JSON.stringify({ a: [hostile], n: 1 }), printableValues)).toEqual({
    ...{ a: ['webgnp.exe[2J1mx'], n: 1 },
  });
});

test('a line of the log holds none of it, in no field', () => {
  const lines: string[] = [];
  const log = makeLogger('info', [], { write: (line) => lines.push(line) });
  log.info({ name: hostile, deep: { list: [hostile] }, error: new Error(hostile) }, hostile);
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toMatch(/[\u202e\u2066\u009b]|\\u001b|\\u0000|\\u202e/);
  expect(JSON.parse(lines[0] ?? '').msg).toBe('webgnp.exe[2J1mx');
});
