import { errorTable } from '../settings/errors.ts';

const head = `# Errors

Use this page to find what an error of the API means and what to do. \`node docs/write-errors.ts\` generates it from
\`controlplane/settings/errors.ts\`.

An error is \`application/problem+json\` (RFC 9457). \`code\` is stable, so programs can use it. \`detail\` says what is wrong
with this request. \`type\` links to the code below; the service has this page at \`/docs/errors.md\`. \`retry\` says whether
the same request can succeed later.
`;

/** The page that explains every code. Pure. */
export function errorsPage(): string {
  const sections = Object.entries(errorTable).map(
    ([code, { status, title, fix, retry }]) =>
      `## ${code}\n\nHTTP ${status}. ${title}. ${fix} ${retry ? 'A retry can help.' : 'A retry does not help.'}\n`,
  );
  return `${head}\n${sections.join('\n')}`;
}
