import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository, text, tracked } from '../../worlds/repository.ts';

const pages = tracked.filter((file) => file.endsWith('.md') && !file.startsWith('test/fixtures/'));

/** The anchors of a page, as GitHub makes them from its headings. */
function anchorsOf(page: string): string[] {
  const headings = [...page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)];
  const seen = new Map<string, number>();
  return headings.map(([, heading = '']) => {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const anchor = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

/** The links of a page to files of this repository that lead nowhere. */
function broken(file: string): string[] {
  const prose = text(file).replace(/^```[\s\S]*?^```$/gm, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [name = '', anchor] = target.split('#');
      const place = name === '' ? file : path.posix.join(path.posix.dirname(file), name);
      if (!existsSync(path.join(repository, place))) return true;
      return anchor !== undefined && place.endsWith('.md') && !anchorsOf(text(place)).includes(anchor);
    });
}

describe('the documentation', () => {
  test('README.md has at most 130 lines, and says near its top that nothing has run on real AWS', () => {
    const lines = text('README.md').trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(130);
    expect(lines.slice(0, 15).join('\n')).toContain('nothing has run on real AWS yet');
  });

  test.each(pages)('the links of %s lead to files and headings', (file) => {
    expect(broken(file)).toEqual([]);
  });

  test('docs/README.md lists every page once', () => {
    const listed = [...text('docs/README.md').matchAll(/\]\(([a-z-]+\.md)\)/g)].map(([, name = '']) => name);
    const own = tracked
      .filter((file) => /^docs\/[^/]+\.md$/.test(file) && file !== 'docs/README.md')
      .map((file) => file.slice('docs/'.length));
    expect(listed.toSorted()).toEqual(own.toSorted());
  });

  test('no page has a paragraph of another page', () => {
    const paragraphs = pages
      .filter((file) => /^(docs\/[^/]+|README)\.md$/.test(file))
      .flatMap((file) => {
        const prose = text(file).replace(/<!-- (\S+) -->[\s\S]*?<!-- \/\1 -->/g, '');
        return prose
          .split(/\n{2,}/)
          .map((paragraph) => paragraph.replace(/\s+/g, ' ').trim())
          .filter((paragraph) => paragraph.length > 80)
          .map((paragraph) => [paragraph, file] as const);
      });
    const byText = Map.groupBy(paragraphs, ([paragraph]) => paragraph);
    const repeated = [...byText].filter(([, places]) => places.length > 1);
    expect(repeated.map(([paragraph, places]) => [places.map(([, file]) => file), paragraph])).toEqual([]);
  });

  test('the glossary is in alphabetical order', () => {
    const words = [...text('docs/glossary.md').matchAll(/^\| ([^|]+) \| /gm)].map(([, word = '']) => word);
    const own = words.slice(1).filter((word) => !/^-+$/.test(word));
    expect(own.length).toBeGreaterThan(30);
    expect(own).toEqual(own.toSorted((one, other) => one.localeCompare(other)));
  });
});
