/** What a service that knows no account answers to `portcullis status`, by path. */
export const emptyAnswers: Readonly<Record<string, object>> = {
  '/v1/accounts': { accounts: [] },
  '/v1/stacks': { stacks: [] },
  '/v1/coverage': { cells: [] },
  '/v1/confirmations': { confirmations: [] },
  '/v1/protection': { mode: 'revoke', escalations: [] },
  '/readyz': { status: 'ready' },
};
