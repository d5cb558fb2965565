/** One account in one Region. */
export interface SweptPlace {
  readonly accountId: string;
  readonly region: string;
}
