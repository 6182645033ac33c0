/** Runs code of the application, whose mistakes must not get between two frames: they are reported as uncaught. */
export function runApart(callback: () => void): void {
  try {
    callback();
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}
