/** Something that the service lacks, and what a person can do. Holds no secret. */
export interface Missing {
  readonly what: 'database' | 'queue' | 'aws-credentials' | 'hub' | 'organization' | 'scope';
  /** Whether the service cannot do all of its work; what only waits for a person does not block. */
  readonly blocking: boolean;
  readonly message: string;
  readonly fix: string;
}
