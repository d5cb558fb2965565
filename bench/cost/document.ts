import { parts } from './tables.ts';

/**
 * The document with every generated part made anew, between `<!-- cost:name -->` and `<!-- /cost:name -->`; what
 * people wrote around them stays.
 * @throws where a part has no place, or more than one, or a marker names no part
 */
export function rendered(document: string): string {
  const named = [...document.matchAll(/<!-- cost:([\w-]+) -->/g)].map(([, name = '']) => name);
  const unknown = named.filter((name) => !(name in parts));
  if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')}`);
  return Object.entries(parts).reduce((text, [name, make]) => {
    const [start, end] = [`<!-- cost:${name} -->\n`, `<!-- /cost:${name} -->`];
    const pieces = text.split(start);
    const [before, after] = pieces;
    const close = after?.indexOf(end) ?? -1;
    if (pieces.length !== 2 || before === undefined || after === undefined || close < 0)
      throw new Error(`the part ${name} needs one pair of markers`);
    return `${before}${start}${make()}\n${after.slice(close)}`;
  }, document);
}
