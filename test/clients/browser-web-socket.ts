import type { Browser } from "playwright-core";
import type { Client, Observer } from "./client.ts";

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: object;
}

/** What runs in the page, which has nothing but the browser's own WebSocket. */
const PAGE_SCRIPT = `
  window.send = (message) => socket.send(JSON.stringify(message));
  window.openSocket = (url, token) => new Promise((resolve) => {
    window.socket = new WebSocket(url, ["graphql-transport-ws", "bearer." + token]);
    socket.onopen = () => resolve(send({ type: "connection_init" }));
    socket.onclose = ({ code, reason }) => tellClose(code, reason);
    socket.onmessage = ({ data }) => tellMessage(JSON.parse(data));
  });`;

/** The WebSocket of a browser by itself: frames as docs/protocol.md has them, and no client. */
export function browserWebSocket(browser: () => Browser): Client {
  return {
    name: "WebSocket of Chromium",
    packages: [],
    transport: "graphql-transport-ws",
    token: "subprotocol item",
    reconnects: false,
    async open({ url, wsUrl, token }) {
      const page = await browser().newPage();
      const observers = new Map<string, Observer>();
      const call = (name: string, ...values: unknown[]) =>
        page.evaluate(`${name}(${values.map((value) => JSON.stringify(value)).join()})`);

      const acknowledged = Promise.withResolvers<void>();
      await page.exposeFunction("tellMessage", ({ id = "", type, payload = {} }: Message) => {
        if (type === "connection_ack") acknowledged.resolve();
        else if (type === "next") observers.get(id)?.next(payload);
        else if (type === "error") observers.get(id)?.error(payload);
      });
      await page.exposeFunction("tellClose", (code: number, reason: string) => {
        for (const observer of observers.values()) observer.error({ code, reason });
      });
      await page.goto(new URL("/healthz", url).href);
      await page.evaluate(PAGE_SCRIPT);
      return {
        async subscribe(payload, observer) {
          const id = `${observers.size}`;
          observers.set(id, observer);
          if (id === "0") await call("openSocket", wsUrl, await token());
          void acknowledged.promise.then(() => call("send", { type: "subscribe", id, payload }));
          return () => call("send", { type: "complete", id });
        },
        close: () => page.close(),
      };
    },
  };
}
