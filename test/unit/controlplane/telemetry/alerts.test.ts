import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { commandGroups } from '../../../../controlplane/cli/definitions.ts';
import { routes } from '../../../../controlplane/http/routes/table.ts';
import { metricsText } from '../../../../controlplane/telemetry/database-metrics.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { createMeter, metricsRegistry } from '../../../../controlplane/telemetry/metrics.ts';
import { readings } from '../../../../controlplane/telemetry/readings.ts';
import { outcomes } from '../../../../lambda/contract/result.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly do: string };
}

const docs = path.resolve(import.meta.dirname, '../../../../docs');
const text = readFileSync(path.join(docs, 'alerts.yaml'), 'utf8');
const { groups } = parse(text) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

/** Every metric that a scrape can hold, with its labels. */
function metrics(): Map<string, Set<string>> {
  const registry = metricsRegistry('0');
  createMeter(registry);
  metricsText({ registry, database: { query: async () => [] }, log: makeLogger('silent') });
  const known = new Map<string, Set<string>>();
  for (const metric of registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[]) {
    known.set(metric.name, new Set(metric.labelNames));
    for (const part of ['_bucket', '_sum', '_count'])
      known.set(metric.name + part, new Set([...metric.labelNames, ...(part === '_bucket' ? ['le'] : [])]));
  }
  for (const { gauges } of readings) for (const { name, labels } of gauges) known.set(name, new Set(labels));
  return known;
}

const known = metrics();
/** What Prometheus itself gives every series. */
const fromScrape = ['instance', 'job', 'pod'];

/** Each metric of an expression with the matchers in its braces. */
const namedIn = (expr: string) =>
  [...expr.matchAll(/\b(portcullis_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', matchers = '']) => ({
    name,
    matchers: [...matchers.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(
      ([, label = '', operator = '', value = '']) => ({ label, operator, value }),
    ),
  }));

/** The values that labels have, as far as they are known beforehand. */
const values = new Set<string>([
  ...outcomes,
  ...['succeeded', 'unchanged', 'failed', 'cancelled', 'verified'],
  ...readings.flatMap(({ sql }) => [...sql.matchAll(/'(\w+)'/g)].map(([, value = '']) => value)),
]);

describe.each(rules)('$alert', ({ alert, expr, labels, annotations, ...rule }) => {
  test('names metrics and labels that a scrape has', () => {
    const named = namedIn(expr);
    expect(named.length).toBeGreaterThan(0);
    for (const { name, matchers } of named) {
      expect(known.has(name), name).toBe(true);
      const has = known.get(name);
      for (const { label, operator, value } of matchers) {
        expect([...(has ?? [])], `${name}{${label}}`).toContain(label);
        if (label === 'le') continue;
        const each = operator.endsWith('~') ? value.split('|') : [value];
        expect(
          each.filter((one) => !values.has(one)),
          `${name}{${label}}`,
        ).toEqual([]);
      }
    }
    const grouped = [...expr.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
      list.split(',').map((label) => label.trim()),
    );
    const own = new Set([...named.flatMap(({ name }) => [...(known.get(name) ?? [])]), ...fromScrape]);
    expect(grouped.filter((label) => !own.has(label))).toEqual([]);
  });

  test('says what is wrong and what to do, first of all a command that there is', () => {
    expect(alert).toMatch(/^Portcullis[A-Z]\w+$/);
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(rule.for ?? '0m').toMatch(/^\d+[mh]$/);
    expect(annotations.summary).toMatch(/\.$/);
    expect(annotations.do).toMatch(/[`\w]/);
    expect(annotations.do.length).toBeGreaterThan(60);
    expect(annotations.do).toContain('`');
    const words = new Set([...Object.values(commandGroups).flatMap((group) => Object.keys(group)), 'policy']);
    const commands = [...annotations.do.matchAll(/`portcullis ([\w-]+)/g)].map(([, name = '']) => name);
    expect(commands.filter((name) => !words.has(name))).toEqual([]);
  });

  test('names only routes that there are, with parameters that they take', () => {
    for (const [, path, query = ''] of annotations.do.matchAll(/(\/v1\/[\w/-]+)(?:\?([^"` ]+))?/g)) {
      const route = routes.find((each) => each.method === 'get' && each.path === path);
      expect(route, path).toBeDefined();
      expect(route?.query?.safeParse(Object.fromEntries(new URLSearchParams(query))).error).toBeUndefined();
    }
    expect(annotations.do).not.toMatch(/portcullis status --json[^`]*\.stacks/);
  });

  test('names in its text only labels that are left of its expression', () => {
    const used = [...`${annotations.summary} ${annotations.do}`.matchAll(/\$labels\.(\w+)/g)];
    const by = /\bby\s*\(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/);
    const left = by ?? [...(known.get(namedIn(expr)[0]?.name ?? '') ?? [])];
    expect(used.map(([, label = '']) => label).filter((label) => !left.includes(label))).toEqual([]);
  });
});

test('a bucket that an alert divides at is there', async () => {
  const registry = new Registry();
  createMeter(registry);
  const buckets = [...(await registry.metrics()).matchAll(/latency_seconds_bucket\{le="([^"]+)"\}/g)];
  const wanted = rules.flatMap(({ expr }) => namedIn(expr)).flatMap(({ matchers }) => matchers);
  for (const { value } of wanted.filter(({ label }) => label === 'le'))
    expect(buckets.filter(([, le = '']) => new RegExp(`^(?:${value})$`).test(le))).toHaveLength(1);
});

test('docs/observability.md describes exactly the metrics that there are, with their labels', () => {
  const rows = [
    ...readFileSync(path.join(docs, 'observability.md'), 'utf8').matchAll(
      /^\| `(portcullis_\w+)` +\| ([^|]+) \|/gm,
    ),
  ];
  const described = rows.map(([, name, labels = '']) => [
    name,
    [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
  ]);
  const own = [...known]
    .filter(([name]) => name.startsWith('portcullis_') && !/_(bucket|sum|count)$/.test(name))
    .map(([name, labels]) => [name, [...labels].sort()]);
  expect(described.sort()).toEqual(own.sort());
});

test('docs/observability.md names every alert', () => {
  const page = readFileSync(path.join(docs, 'observability.md'), 'utf8');
  expect(rules.filter(({ alert }) => !page.includes(alert)).map(({ alert }) => alert)).toEqual([]);
});
