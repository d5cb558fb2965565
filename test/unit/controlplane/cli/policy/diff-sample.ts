import { exported, file, permission } from './cli.ts';

/** Files of the old policy and the new one. */
export const policies = async (older: string, newer: string) => [
  await file('old.yaml', older),
  await file('new.yaml', newer),
];

export type Side = { verdict: string; policyRule: string | null; mode: string | null };
export type Change = { old: Side & { rule: string }; new: Side };

/** Every difference in one line. */
export const changes = (answer: { differing: Change[] }) =>
  answer.differing.map(({ old, new: present }) => {
    const side = ({ verdict, policyRule, mode }: Side) =>
      [verdict, policyRule, mode].filter(Boolean).join(' ');
    return `${old.rule}: ${side(old)} -> ${side(present)}`;
  });

/** An export of a group that lets the world in on three ports. */
export const groups = () =>
  file('groups.json', exported([22, 23, 443].map((port) => permission('tcp', [port, port], '0.0.0.0/0'))));
