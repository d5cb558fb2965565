import { describe, expect, it } from 'vitest';
import { openingOf } from '../../../../../lambda/notify/message/finding.ts';
import { code, cut, sentence } from '../../../../../lambda/notify/message/text.ts';

describe('what a rule opens', () => {
  it.each([
    ['-1', null, null, 'all traffic'],
    ['-1', -1, -1, 'all traffic'],
    ['tcp', 22, 22, 'tcp 22'],
    ['udp', 8000, 8100, 'udp 8000-8100'],
    ['tcp', 0, 65535, 'tcp 0-65535'],
    ['tcp', null, null, 'tcp'],
    ['icmp', 8, -1, 'icmp type 8 every code'],
    ['icmp', -1, -1, 'icmp every type every code'],
    ['icmpv6', 128, 0, 'icmpv6 type 128 code 0'],
    ['58', null, null, '58 every type every code'],
    ['47', -1, -1, 'protocol 47'],
  ])('as protocol %s from %s to %s is "%4$s"', (protocol, fromPort, toPort, words) => {
    expect(openingOf({ protocol, fromPort, toPort })).toBe(words);
  });
});

describe('a text of another', () => {
  it.each([
    ['2001:db8:100::/40 is public', '`2001:db8:100::/40` is public'],
    ['(arn:aws:iam::1:role/x), denied.', '(`arn:aws:iam::1:role/x`), denied.'],
    ['AccessDenied: not authorized', 'AccessDenied: not authorized'],
    ['a < b & c', 'a `&lt;` b `&amp;` c'],
    ['', ''],
  ])('in a sentence, %j, is %j', (text, shown) => {
    expect(sentence(text)).toBe(shown);
  });

  it('is cut between characters, never within an entity or a pair', () => {
    expect(code('&&&&&&', 20)).toBe('`&amp;&amp;&amp;…`');
    expect(cut('👩👩👩', 5)).toBe('👩👩…');
    expect(cut('abc', 3)).toBe('abc');
    expect(sentence('one two three four', 12)).toBe('one two …');
  });

  it('that is written from right to left stays apart', () => {
    expect(code('שלום')).toBe('`\u2068שלום\u2069`');
  });
});
