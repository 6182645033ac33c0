/**
 * Calls back once a text has been left alone for a while, when it is a JSON object and another one than the last time.
 * Half-typed text and an empty pane are passed over.
 */
export function onSettled(waitMs: number, callback: () => void): (text: string) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: string | undefined;

  return function edited(text) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (text === last || !isJsonObject(text)) return;
      last = text;
      callback();
    }, waitMs);
  };
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
