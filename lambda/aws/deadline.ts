/** What a promise comes to, or a rejection named TimeoutError once so many milliseconds are over. */
export async function inTime<Value>(work: Promise<Value>, milliseconds: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new DOMException(`no answer within ${milliseconds} ms`, 'TimeoutError')),
    Math.max(0, milliseconds),
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
