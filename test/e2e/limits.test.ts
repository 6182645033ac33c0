import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startBareGateway } from "../support/gateway.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { ON_DB_EVENT, personUpdated, recordNames, subscribeToAll } from "./events.ts";

const KIB = 1024;
const SETTINGS = {
  MAX_OPERATIONS_PER_SOCKET: "3",
  MAX_DISTINCT_OPERATIONS_PER_IDENTITY: "3",
  MAX_SOCKETS_PER_IDENTITY: "2",
  MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS: "3",
  MAX_SUBSCRIBES_PER_SECOND: "2",
  MAX_KEPT_BYTES_PER_IDENTITY: `${200 * KIB}`,
  MAX_KEPT_BYTES_PER_WORKSPACE: `${300 * KIB}`,
  MAX_VARIABLES_BYTES: `${128 * KIB}`,
};

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startBareGateway(SETTINGS);
});
afterAll(() => gateway.stop());

const CONNECTS = {
  "handed to the object": (token: string) => RawSocket.connect(gateway.wsUrl, token),
  "relayed by the edge": (token: string) => RawSocket.connectRelayed(gateway.wsUrl, token),
};

/** A token of another user each time. */
function tokenOfSomebody(workspaceId: string): Promise<string> {
  return gateway.token(workspaceId, { userId: crypto.randomUUID() });
}

/** The code of the error that ends an operation. */
function codeOf(frame: object): unknown {
  const { type, payload } = frame as { type: string; payload: readonly { extensions?: { code?: string } }[] };
  return type === "error" ? payload[0]?.extensions?.code : type;
}

/** The message of the error that ends an operation. */
function errorOf(frame: object): unknown {
  return (frame as { payload: readonly { message: string }[] }).payload[0]?.message;
}

async function expectReceiving(socket: RawSocket, workspaceId: string): Promise<void> {
  await gateway.publish(personUpdated(workspaceId, "Ada"));
  expect(recordNames([await socket.next()])).toEqual(["Ada"]);
}

describe("operations of a socket", () => {
  test("[LIMIT-5] past MAX_OPERATIONS_PER_SOCKET end with TOO_MANY_OPERATIONS, until there is a place again", async () => {
    const workspaceId = crypto.randomUUID();
    const socket = await RawSocket.connect(gateway.wsUrl, await tokenOfSomebody(workspaceId));
    for (const id of ["1", "2", "3", "4"]) socket.send(subscribeToAll(id));
    const refused = await socket.next();
    expect([refused["id"], codeOf(refused)]).toEqual(["4", "TOO_MANY_OPERATIONS"]);
    expect(errorOf(refused)).toContain("MAX_OPERATIONS_PER_SOCKET");
    socket.send({ type: "complete", id: "2" });
    socket.send(subscribeToAll("4"));
    expect(await socket.drain()).toEqual([]);
    await gateway.publish(personUpdated(workspaceId, "Ada"));
    const ids = [await socket.next(), await socket.next(), await socket.next()].map(({ id }) => id);
    expect(ids.sort()).toEqual(["1", "3", "4"]);
    socket.close(1000);
  });

  test("[LIMIT-32] past MAX_DISTINCT_OPERATIONS_PER_IDENTITY end with TOO_MANY_OPERATIONS, and places come back however they end", async () => {
    const workspaceId = crypto.randomUUID();
    const token = await tokenOfSomebody(workspaceId);
    const ends: readonly ((socket: RawSocket) => unknown)[] = [
      (socket) => ["a", "b"].map((id) => socket.send({ type: "complete", id })),
      (socket) => socket.close(1000),
      (socket) => socket.terminate(),
      (socket) => socket.send("not the protocol"),
      (socket) => socket.subscribe("a", ON_DB_EVENT, { input: { recordId: "an id that runs" } }),
    ];
    for (const [round, end] of [...ends, ...ends].entries()) {
      const [first, second] = [
        await RawSocket.connect(gateway.wsUrl, token),
        await RawSocket.connect(gateway.wsUrl, token),
      ];
      const subscribe = async (socket: RawSocket, id: string) => {
        socket.subscribe(id, ON_DB_EVENT, { input: { recordId: `${id}${round}` } });
        return (await socket.drain())[0];
      };
      for (const id of ["a", "b"]) expect(await subscribe(first, id)).toBeUndefined();
      expect(await subscribe(second, "c")).toBeUndefined();
      const refused = await subscribe(second, "d");
      expect(refused && codeOf(refused)).toBe("TOO_MANY_OPERATIONS");
      expect(refused && errorOf(refused)).toContain("MAX_DISTINCT_OPERATIONS_PER_IDENTITY");
      end(first);
      await gateway.until(workspaceId, "two operations to end", ({ operations }) => operations === 1);
      for (const id of ["d", "e"]) expect(await subscribe(second, id)).toBeUndefined();
      for (const socket of [first, second]) socket.close(1000);
      await gateway.until(workspaceId, "all sockets to be gone", ({ sockets }) => sockets === 0);
    }
  });

  test("[LIMIT-13] with variables past 128 KiB end with VARIABLES_TOO_LARGE", async () => {
    const socket = await RawSocket.connect(gateway.wsUrl, await tokenOfSomebody(crypto.randomUUID()));
    const subscribeWith = (bytes: number) => {
      const empty = JSON.stringify({ input: { recordId: "" } });
      socket.subscribe("1", ON_DB_EVENT, { input: { recordId: "x".repeat(bytes - empty.length) } });
    };
    subscribeWith(128 * KIB + 1);
    expect(codeOf(await socket.next())).toBe("VARIABLES_TOO_LARGE");
    subscribeWith(128 * KIB);
    expect(await socket.drain()).toEqual([]);
    socket.close(1000);
  });

  test("[LIMIT-15] [LIMIT-16] that make the caller or the workspace keep too many bytes end with TOO_MANY_OPERATIONS, on any of its sockets", async () => {
    const workspaceId = crypto.randomUUID();
    const token = await tokenOfSomebody(workspaceId);
    const [first, second] = [
      await RawSocket.connect(gateway.wsUrl, token),
      await RawSocket.connect(gateway.wsUrl, token),
    ];
    const large = { input: { recordId: "x".repeat(120 * KIB) } };
    first.subscribe("1", ON_DB_EVENT, large);
    await first.drain();
    second.subscribe("2", ON_DB_EVENT, large);
    const refused = await second.next();
    expect(codeOf(refused)).toBe("TOO_MANY_OPERATIONS");
    expect(errorOf(refused)).toContain("MAX_KEPT_BYTES_PER_IDENTITY");

    const other = await RawSocket.connect(gateway.wsUrl, await tokenOfSomebody(workspaceId));
    other.subscribe("3", ON_DB_EVENT, large);
    expect(await other.drain()).toEqual([]);
    const third = await RawSocket.connect(gateway.wsUrl, await tokenOfSomebody(workspaceId));
    third.subscribe("4", ON_DB_EVENT, large);
    expect(errorOf(await third.next())).toContain("MAX_KEPT_BYTES_PER_WORKSPACE");

    first.send({ type: "complete", id: "1" });
    await first.drain();
    second.subscribe("2", ON_DB_EVENT, large);
    expect(await second.drain()).toEqual([]);
    for (const socket of [first, second, other, third]) socket.close(1000);
  });

  test("[LIMIT-15] are charged for what parsing makes of their documents, once for a document", async () => {
    const socket = await RawSocket.connect(gateway.wsUrl, await tokenOfSomebody(crypto.randomUUID()));
    const large = (name: string) => {
      const fields = "record @include(if: true) action @include(if: true) eventDate @include(if: true) ".repeat(30);
      return `subscription ${name}($input: OnDbEventInput!) { onDbEvent(input: $input) { ${fields} } }`;
    };
    expect(large("A").length).toBeLessThan(10 * KIB);
    for (const [id, name] of [
      ["1", "A"],
      ["2", "A"],
      ["3", "B"],
    ] as const) {
      socket.subscribe(id, large(name), { input: { recordId: id } });
    }
    const frames = await socket.drain();
    expect(frames.map((frame) => [frame["id"], codeOf(frame)])).toEqual([["3", "TOO_MANY_OPERATIONS"]]);
    expect(frames[0] && errorOf(frames[0])).toContain("MAX_KEPT_BYTES_PER_IDENTITY");
    socket.close(1000);
  });

  test("[LIMIT-7] [LIMIT-8] [LIMIT-9] [LIMIT-31] with documents that are too large or too deep end with an error", async () => {
    const socket = await RawSocket.connect(gateway.wsUrl, await tokenOfSomebody(crypto.randomUUID()));
    const fragments = Array.from({ length: 31 }, (_, i) => `fragment F${i} on Query { __typename }`).join(" ");
    const documents = [
      ["DOCUMENT_TOO_LARGE", `{ ${"__typename ".repeat(2_000)} }`],
      ["DOCUMENT_TOO_LARGE", `{ __typename } ${fragments}`],
      ["DOCUMENT_TOO_LARGE", `{ ${"__typename ".repeat(41)} }`],
      ["DOCUMENT_TOO_DEEP", `${"{ a ".repeat(21)}${"}".repeat(21)}`],
      ["DOCUMENT_TOO_DEEP", "{".repeat(1_900)],
    ] as const;
    for (const [code, query] of documents) {
      socket.subscribe("1", query);
      expect(codeOf(await socket.next())).toBe(code);
    }
    socket.close(1000);
  });

  test("[LIMIT-10] with a sixth document in a second that nobody has seen end with TOO_FAST, and the socket lives", async () => {
    const unhurried = await startBareGateway();
    const workspaceId = crypto.randomUUID();
    const socket = await RawSocket.connect(unhurried.wsUrl, await unhurried.token(workspaceId));
    // Places come back at five a second, so of many at once some are refused however slow the machine is.
    const ids = Array.from({ length: 40 }, (_, i) => `${i}`);
    for (const id of ids) socket.subscribe(id, `{ __typename a${id}: __typename }`);
    const answers = new Map<unknown, unknown>();
    for (const frame of await socket.drain()) if (!answers.has(frame["id"])) answers.set(frame["id"], codeOf(frame));
    expect(ids.slice(0, 5).map((id) => answers.get(id))).toEqual(Array(5).fill("next"));
    expect([...answers.values()]).toContain("TOO_FAST");
    socket.subscribe("known", "{ __typename a0: __typename }");
    expect(codeOf(await socket.next())).toBe("next");
    await unhurried.stop();
  });
});

describe.each(Object.entries(CONNECTS))("a socket %s", (_, connect) => {
  test("[LIMIT-14] past MAX_SUBSCRIBES_PER_SECOND and its burst is closed 1013, and the reason says so", async () => {
    const socket = await connect(await tokenOfSomebody(crypto.randomUUID()));
    for (let i = 0; i < 60; i++) socket.subscribe(`${i}`, "{ __typename }");
    expect(await socket.closed).toEqual({
      code: 1013,
      reason: "More than 2 subscribe messages a second (MAX_SUBSCRIBES_PER_SECOND)",
    });
  });

  test("[LIMIT-19] past MAX_SOCKETS_PER_IDENTITY is closed 1013; others are let in, and places come back", async () => {
    const workspaceId = crypto.randomUUID();
    const token = await tokenOfSomebody(workspaceId);
    const full = { code: 1013, reason: "A caller may hold 2 sockets (MAX_SOCKETS_PER_IDENTITY)" };
    for (let round = 0; round < 3; round++) {
      const held = [await connect(token), await connect(token)];
      const tooMany = await RawSocket.open(gateway.wsUrl, { headers: { Authorization: `Bearer ${token}` } });
      expect(await tooMany.closed).toEqual(full);
      const relayed = await RawSocket.open(gateway.wsUrl);
      relayed.send({ type: "connection_init", payload: { token } });
      expect(await relayed.closed).toEqual(full);

      const other = await connect(await tokenOfSomebody(workspaceId));
      other.send(subscribeToAll("1"));
      await other.drain();
      await expectReceiving(other, workspaceId);
      const sameUserElsewhere = await connect(await gateway.token(crypto.randomUUID()));
      const [first, second] = held;
      first?.close(1000);
      second?.terminate();
      for (const socket of [other, sameUserElsewhere]) socket.close(1000);
      await gateway.until(workspaceId, "all sockets to be gone", ({ sockets }) => sockets === 0);
    }
  });
});

describe("[LIMIT-21] sockets of an address without a token", () => {
  test("past MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS are closed 1013; places come back, however they are left", async () => {
    const workspaceId = crypto.randomUUID();
    const leave: readonly ((socket: RawSocket) => Promise<unknown>)[] = [
      async (socket) => {
        socket.close(1000);
        await socket.closed;
      },
      async (socket) => {
        socket.terminate();
        await socket.closed;
      },
      async (socket) => {
        socket.send("not the protocol");
        await socket.closed;
      },
      async (socket) => {
        socket.send({ type: "connection_init", payload: { token: "a.b.c" } });
        await socket.closed;
      },
      async (socket) => {
        socket.send({ type: "connection_init", payload: { token: await tokenOfSomebody(workspaceId) } });
        expect(await socket.next()).toEqual({ type: "connection_ack" });
      },
    ];
    for (const leaves of leave) {
      const held = await Promise.all([1, 2, 3].map(() => RawSocket.open(gateway.wsUrl)));
      const tooMany = await RawSocket.open(gateway.wsUrl);
      expect(await tooMany.closed).toEqual({
        code: 1013,
        reason: "An address may hold 3 sockets without a token (MAX_SOCKETS_WITHOUT_TOKEN_PER_ADDRESS)",
      });
      const withToken = await RawSocket.connect(gateway.wsUrl, await tokenOfSomebody(workspaceId));
      withToken.close(1000);
      await Promise.all(held.map(leaves));
      await untilThereIsPlace();
    }
  });

  /** The edge hears of a socket that is gone a moment after the client. */
  async function untilThereIsPlace(): Promise<void> {
    const endsAt = Date.now() + 10_000;
    for (;;) {
      const tried = await Promise.all([1, 2, 3].map(() => RawSocket.open(gateway.wsUrl)));
      const pongs = tried.map(async (socket) => {
        socket.send({ type: "ping" });
        return socket.next().then(
          () => true,
          () => false,
        );
      });
      const isFree = (await Promise.all(pongs)).every(Boolean);
      for (const socket of tried) socket.close(1000);
      await Promise.all(tried.map((socket) => socket.closed));
      if (isFree) return;
      if (Date.now() > endsAt) throw new Error("Waited 10 s for the places of sockets that are gone.");
    }
  }
});
