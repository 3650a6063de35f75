/** As the promise, unless `abort` comes first: then rejects with its reason. */
export async function unlessAborted<T>(promise: Promise<T>, abort: AbortSignal): Promise<T> {
  abort.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(abort.reason);
  abort.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    abort.removeEventListener('abort', giveUp);
  }
}
