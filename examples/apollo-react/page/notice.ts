import { createStore } from "./store.ts";

/** What became of the events that were published while there was no connection. */
export type Notice =
  | { readonly kind: "resumed"; readonly missed: number }
  | { readonly kind: "gap"; readonly isFetched: boolean };

export const notice = createStore<Notice | undefined>(undefined);
