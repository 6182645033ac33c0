export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until something is true, for so long at most. Returns whether it is. */
export async function until(isTrue: () => boolean, withinMs: number): Promise<boolean> {
  const endsAt = Date.now() + withinMs;
  while (!isTrue() && Date.now() < endsAt) await sleep(20);
  return isTrue();
}
