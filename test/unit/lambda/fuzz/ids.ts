export const groupIds = [1, 2, 3, 4].map((nth) => `sg-0a1b2c3d4e5f6000${nth}`);

/** The list that the fixtures edit, two more, one of AWS, and two that cannot be read. */
export const listIds = [
  'pl-0123456789abcdef0',
  ...['pl-00000000000000002', 'pl-00000000000000003'],
  ...['pl-0000000000000aa55', 'pl-0000000000000dead', 'pl-0000000000000d0d0'],
];

/** The account of most fixtures, another that a list can be shared with, and one whose id begins with a zero. */
export const members = ['300000000001', '300000000002', '012345678901'];
