import {
  asObject,
  change,
  get,
  inParameters,
  isTree,
  type Mutation,
  parameters,
  pick,
  set,
} from './event-tree.ts';

function mapKeys(tree: unknown, by: (key: string) => string): unknown {
  if (Array.isArray(tree)) return tree.map((each) => mapKeys(each, by));
  if (!isTree(tree)) return tree;
  const changed = {};
  for (const key of Object.keys(tree)) set(changed, by(key), mapKeys(get({ parent: tree, key }), by));
  return changed;
}

export const pascal = (key: string) => key.charAt(0).toUpperCase() + key.slice(1);
const isWrapper = (key: string) => /^[A-Z]\w+(Request|Response)$/.test(key);
const camel = (key: string) => (isWrapper(key) ? key : key.charAt(0).toLowerCase() + key.slice(1));

/** One of the forms that CloudTrail writes lists in. */
function listForm(value: unknown, form: number): unknown {
  const { items, Items, item, Item } = asObject(value);
  const inner = items ?? Items ?? item ?? Item ?? value;
  const members = Array.isArray(inner) ? inner : [inner];
  const single = members.length === 1 ? members[0] : members;
  return [{ items: members }, { item: members }, { item: single }, members, single][form % 5];
}

function scalarForm(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return Number(value);
  return typeof value === 'boolean' ? String(value) : value;
}

const listKeys = /(Set|Permissions|Ranges|Rules?|Ids|groups|tags)$/i;

const role = (account: string, name: string) => `arn:aws:sts::${account}:assumed-role/${name}/portcullis-1`;
const identities: unknown[] = [
  { arn: role('300000000001', 'portcullis-remediation') },
  { arn: role('300000000002', 'portcullis-remediation') },
  { arn: role('300000000001', 'portcullis-remediation-x') },
  { arn: 'A'.repeat(3_000), invokedBy: 'cloudformation.amazonaws.com', userName: 7 },
  ...['no object', null, {}, [], { arn: {} }],
];

/** What CloudTrail itself might do: other forms of the same, after which the event still names what it names. */
export const forms: Mutation[] = [
  change(parameters, (value) => mapKeys(value, pascal)),
  change(parameters, (value) => mapKeys(value, camel)),
  (event, at) => {
    const { eventName } = asObject(event.detail);
    const call = typeof eventName === 'string' ? eventName : '';
    change(parameters, (value, _, { key }) => {
      if (!isTree(value) || Object.keys(value).some(isWrapper)) return value;
      return { [`${call}${key === 'requestParameters' ? 'Request' : 'Response'}`]: value };
    })(event, at, 0);
  },
  change(
    (event) => inParameters(event).filter((spot) => listKeys.test(spot.key) && isTree(get(spot))),
    listForm,
  ),
  change(inParameters, scalarForm),
  change(parameters, (value) => {
    const more = { tag: 1, xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/', 'a.b': { items: [null] } };
    return isTree(value) && !Array.isArray(value) ? { ...value, ...more } : value;
  }),
  (event, at) => set(asObject(event.detail), 'userIdentity', pick(identities, at)),
];
