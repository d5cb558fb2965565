/** Something that the service lacks, with the fix. Contains no secret. */
export interface Missing {
  readonly what: 'database' | 'queue' | 'aws-credentials' | 'hub' | 'organization' | 'scope' | 'uninstall';
  /** Whether the service cannot do all of its work. A pending confirmation does not block. */
  readonly blocking: boolean;
  readonly message: string;
  readonly fix: string;
}
