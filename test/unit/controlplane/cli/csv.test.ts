import { describe, expect, test } from 'vitest';
import { csvLine } from '../../../../controlplane/cli/output/csv.ts';

const cell = (value: Parameters<typeof csvLine>[0][number]) => csvLine([value]).slice(0, -2);

describe('a cell of CSV', () => {
  test.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1+1', `'+1+1`],
    ['-2+3', `'-2+3`],
    ['@SUM(A1)', `'@SUM(A1)`],
    ['\t=1', `' =1`],
    ['\r=1', `'=1`],
    ['\tplain', `' plain`],
    ['\n=1', `' =1`],
    ['\u0000=1', `'=1`],
    [' =1', `' =1`],
  ])('%j is no formula', (value, expected) => expect(cell(value)).toBe(expected));

  test.each<[Parameters<typeof cell>[0], string]>([
    ['plain', 'plain'],
    ['a=b', 'a=b'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', 'two lines'],
    ['\u001b[31mred', '[31mred'],
    [' padded', '" padded"'],
    ['', ''],
    [null, ''],
    [undefined, ''],
    [-5, '-5'],
    [22, '22'],
    [true, 'true'],
  ])('%j is %s', (value, expected) => expect(cell(value)).toBe(expected));

  test('a line has its cells, and ends as RFC 4180 says', () => {
    expect(csvLine(['a', 1, null, 'b,c'])).toBe('a,1,,"b,c"\r\n');
  });
});
