/** The tool behind a call, as far as its user agent and caller tell; null where they do not. */
export function toolOf(_call: { userAgent: string | null; invokedBy: string | null }): string | null {
  return null;
}
