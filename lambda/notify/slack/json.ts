/** What a JSON text holds; one that is no JSON comes to undefined, which no JSON text does. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
