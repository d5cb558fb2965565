export interface StackToOffboard {
  readonly key: string;
  readonly accountId: string;
  readonly region: string | null;
  readonly what: 'destroy' | 'archive';
  readonly because: string;
}

/** What may not continue without a confirmation, and why. */
export interface Hold {
  readonly kind: 'nothing' | 'deletions' | 'everything';
  readonly why: string;
}
