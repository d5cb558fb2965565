import { costOf, formulaOf, type Line, type Product, products, totalOf } from './lines.ts';
import { type Evidence, priceOf, prices, sources } from './prices.ts';
import { givens, type Origin, quantitiesOf, type Rate, rates, sizes } from './quantities.ts';

const rateNames = Object.keys(rates) as Rate[];

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbersFrom = head.length,
): string {
  const rule = head.map((_, column) => (column < numbersFrom ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Dollars as people read them: to the cent below 100, whole above, and never a nothing that is something. */
export function dollars(amount: number): string {
  if (amount === 0) return '0';
  if (amount < 0.01) return '< 0.01';
  return amount.toLocaleString(
    'en-US',
    amount < 100 ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumFractionDigits: 0 },
  );
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** A price's number as it is listed: all of its digits, at least to the cent. */
const listed = (usd: number): string => (Number.isInteger(usd * 100) ? usd.toFixed(2) : `${usd}`);

/** `$0.40 per 1,000,000 requests` */
export function priced(name: string): string {
  const { usd, per, unit } = priceOf(name);
  return `$${listed(usd)} per ${per === 1 ? '' : `${count(per)} `}${unit}`;
}

const evidenceWords: Record<Evidence, string> = {
  aws: 'AWS says it',
  quoted: 'others say it',
  memory: 'from memory: check',
};

function priceTable(): string {
  const rows = Object.entries(prices).map(([name, { what, page, evidence, read }]) => {
    const link = `[${page.replace(/\/pricing\/.*$/, '')}](https://aws.amazon.com/${page})`;
    return [what, priced(name), link, `${evidenceWords[evidence]}${read === 'none' ? '' : ` (${read})`}`];
  });
  return table(['price', 'US East (N. Virginia)', 'kept at', 'evidence'], rows);
}

function sourceTable(): string {
  const rows = Object.entries(sources)
    .filter(([key]) => key !== 'none')
    .map(([key, { name, url, dated }]) => [key, url ? `[${name}](${url})` : name, dated]);
  return table(['source', 'stored copy of', 'its date'], rows);
}

const originWords: Record<Origin, string> = {
  assumed: 'assumption',
  measured: 'measured',
  code: 'our code',
  guide: 'ASR page',
};

function quantityTable(): string {
  const perDay = rateNames.map((rate) => rates[rate]).join(' / ');
  const rate = [
    'rate',
    perDay,
    `events an account and day, ${rateNames.join(' / ')}; all Regions together`,
    'assumption',
  ];
  const rows = Object.entries(givens).map(([name, { value, unit, origin, note }]) => {
    const number =
      value < 0.001 ? `${Number((value * 1e6).toFixed(3))} / 1,000,000` : value.toLocaleString('en-US');
    return [name, number, note ? `${unit}; ${note}` : unit, originWords[origin]];
  });
  return table(['name', 'value', 'what', 'from'], [rate, ...rows]);
}

function volumeTable(): string {
  const rows = rateNames.flatMap((rate) =>
    sizes.map((accounts) => {
      const { cells, events, violations, results } = quantitiesOf(accounts, rates[rate]);
      const perSecond = events / (365 / 12) / 86_400;
      return [
        rate,
        count(accounts),
        count(cells),
        count(events),
        perSecond.toPrecision(2),
        count(violations),
        count(results),
      ];
    }),
  );
  return table(['rate', 'accounts', 'cells', 'events', 'events a second', 'violations', 'results'], rows, 1);
}

const accountsHead = sizes.map((accounts) => `${count(accounts)} accounts`);
const atEachSize = (rate: Rate, cost: (quantities: ReturnType<typeof quantitiesOf>) => number) =>
  sizes.map((accounts) => dollars(cost(quantitiesOf(accounts, rates[rate]))));

/** A product's lines at the medium rate, with what each is computed from. */
function productTable({ lines }: Product): string {
  const rows = lines.map((each) => [
    each.what,
    formulaOf(each),
    priced(each.price),
    ...atEachSize('medium', (quantities) => costOf(each, quantities)),
  ]);
  const total = ['**together**', '', '', ...atEachSize('medium', (quantities) => totalOf(lines, quantities))];
  return table(['', 'quantity', 'price', ...accountsHead], [...rows, total], 3);
}

const notRecording = ({ recording }: Line): boolean => !recording;

function totalTable(rate: Rate): string {
  const rows = products.flatMap(({ name, lines }) => {
    const all = [name, ...atEachSize(rate, (quantities) => totalOf(lines, quantities))];
    const rest = lines.filter(notRecording);
    if (rest.length === lines.length) return [all];
    return [
      all,
      [`${name}, without Config items`, ...atEachSize(rate, (quantities) => totalOf(rest, quantities))],
    ];
  });
  return table([`${rate}: ${rates[rate]} events an account and day`, ...accountsHead], rows, 1);
}

/** What one more event costs Portcullis, by the million: the difference between two rates in one organization. */
export function dollarsAMillionEvents(): number {
  const [one, other] = [quantitiesOf(100, rates.low), quantitiesOf(100, rates.high)];
  const [{ lines }] = products;
  return ((totalOf(lines, other) - totalOf(lines, one)) / (other.events - one.events)) * 1e6;
}

/** The generated parts of docs/cost.md, by the name in their markers. */
export const parts: Readonly<Record<string, () => string>> = {
  totals: () => rateNames.map(totalTable).join('\n\n'),
  event: () => `A million events cost Portcullis $${dollars(dollarsAMillionEvents())}, all channels on.`,
  volume: volumeTable,
  portcullis: () => productTable(products[0]),
  'firewall-manager': () => productTable(products[1]),
  config: () => productTable(products[2]),
  asr: () => productTable(products[3]),
  quantities: quantityTable,
  prices: priceTable,
  sources: sourceTable,
};
