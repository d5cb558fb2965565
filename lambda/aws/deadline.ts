/** The value of the promise, or a rejection named TimeoutError after so many milliseconds. */
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
