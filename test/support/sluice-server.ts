import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { formatPosition, parsePosition, randomEpoch } from "../../src/core/pubsub/position.ts";

/**
 * The server's side of what the client package adds to graphql-transport-ws, small enough to be read beside the contract
 * (§5.3, §5.4), with handles to make things go wrong. Every operation is a subscription to the events of the topic in its
 * variables; the data of a result is `{"event": <value>}`.
 *
 * To extend it: what a client may send is in `#take`, what a test may do to it is the public part.
 */
export class SluiceServer {
  /** Everything that clients sent, oldest first. */
  readonly received: ClientFrame[] = [];
  /** The header of the subprotocols of each upgrade. */
  readonly offers: string[][] = [];
  /** Batches are sent only to those that can read them. */
  readonly batchSizes: number[] = [];
  /** How many connections got as far as an ack. */
  acknowledged = 0;
  /** How many new tokens were taken on open connections. */
  refreshes = 0;
  /** Upgrades yet to be answered with this status. */
  refusals: { count: number; status: number } = { count: 0, status: 503 };
  /** Closes for connections yet to come, right after the upgrade. */
  readonly closesToCome: { code: number; reason: string }[] = [];
  /** How long before a token's end the server says so. */
  warningMs = 60_000;
  /** Whether a connection needs a token. */
  isGuarded = false;
  /** Tokens that are refused whatever they say. */
  readonly revoked = new Set<string>();

  readonly #http: Server;
  readonly #sockets = new Set<Connection>();
  readonly #log: LogEntry[] = [];
  #epoch = randomEpoch();
  #head = 0;
  #floor = 0;

  private constructor(http: Server) {
    this.#http = http;
  }

  static async start(): Promise<SluiceServer> {
    const http = createServer();
    const server = new SluiceServer(http);
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => BEST_FIRST.find((known) => offered.has(known)) ?? false,
    });
    http.on("upgrade", (request, socket, head) => {
      const offer = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((item) => item.trim());
      server.offers.push(offer);
      // A client may be gone before it has its answer.
      socket.on("error", () => undefined);
      if (server.refusals.count > 0) {
        server.refusals.count--;
        socket.end(`HTTP/1.1 ${server.refusals.status} Refused\r\nConnection: close\r\n\r\n`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => server.#accept(webSocket, offer));
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/graphql`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  get operations(): number {
    return [...this.#sockets].reduce((count, { operations }) => count + operations.size, 0);
  }

  /** The position behind the newest event. */
  get position(): string {
    return this.#positionAt(this.#head);
  }

  /** Events of one topic, in one frame where the client can read that. */
  publish(topic: string, ...values: unknown[]): void {
    const entries = values.map((value): LogEntry => ({ offset: ++this.#head, topic, value }));
    this.#log.push(...entries);
    for (const connection of this.#sockets) {
      const messages: string[] = [];
      for (const [id, operation] of connection.operations) {
        for (const entry of entries) {
          if (entry.topic === operation.topic) messages.push(this.#next(id, entry, operation.hasPositions));
        }
      }
      this.#send(connection, messages);
    }
  }

  /** Tells those that ask for positions how far they have come, as after a quiet time. */
  tellPositions(): void {
    for (const connection of this.#sockets) {
      for (const [id, { hasPositions }] of connection.operations) {
        if (hasPositions) this.#sendJson(connection, ping({ position: { id, position: this.position } }));
      }
    }
  }

  /** Says that the tokens expire then. */
  warn(tokenExpiresAt: number): void {
    for (const connection of this.#sockets) this.#sendJson(connection, ping({ tokenExpiresAt }));
  }

  /** The log reaches back no further than to here. */
  forget(): void {
    this.#floor = this.#head;
    this.#log.length = 0;
  }

  /** As if the storage had been deleted. */
  startAgain(): void {
    this.#epoch = randomEpoch();
    this.#head = 0;
    this.forget();
  }

  /** Every socket is cut off, without a close frame. */
  drop(): void {
    for (const { socket } of this.#sockets) socket.terminate();
  }

  closeAll(code: number, reason = ""): void {
    for (const { socket } of this.#sockets) socket.close(code, reason);
  }

  /** Sends a frame as it is to everybody. */
  sendRaw(frame: string): void {
    for (const { socket } of this.#sockets) socket.send(frame);
  }

  /** From now on nothing is read or answered, as if the network were gone. */
  goSilent(): void {
    for (const connection of this.#sockets) connection.isSilent = true;
  }

  async stop(): Promise<void> {
    this.drop();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #accept(socket: WebSocket, offer: readonly string[]): void {
    const bearer = offer.find((item) => item.startsWith("bearer."))?.slice("bearer.".length);
    const connection: Connection = {
      socket,
      isBatching: socket.protocol === "graphql-transport-ws.batch",
      operations: new Map(),
      isSilent: false,
      timers: [],
    };
    this.#sockets.add(connection);
    socket.on("close", () => {
      this.#sockets.delete(connection);
      for (const timer of connection.timers) clearTimeout(timer);
    });
    const closing = this.closesToCome.shift();
    if (closing !== undefined) return socket.close(closing.code, closing.reason);
    socket.on("message", (data) => {
      if (connection.isSilent) return;
      const frame = JSON.parse(String(data)) as ClientFrame;
      this.received.push(frame);
      this.#take(connection, frame, bearer);
    });
  }

  #take(connection: Connection, { type, id = "", payload = {} }: ClientFrame, bearer: string | undefined): void {
    switch (type) {
      case "connection_init": {
        const authorization = payload["authorization"];
        const token = bearer ?? (typeof authorization === "string" ? authorization.replace("Bearer ", "") : undefined);
        if (this.isGuarded && !this.#admit(connection, token)) return;
        this.acknowledged++;
        return this.#sendJson(connection, { type: "connection_ack" });
      }
      case "ping":
        if (typeof payload["accessToken"] === "string") {
          if (!this.#admit(connection, payload["accessToken"])) return;
          this.refreshes++;
          return this.#sendJson(connection, { type: "pong", payload: { tokenExpiresAt: connection.expiresAt } });
        }
        return this.#sendJson(connection, { type: "pong" });
      case "subscribe":
        return this.#subscribe(connection, id, payload);
      case "complete":
        connection.operations.delete(id);
    }
  }

  #subscribe(connection: Connection, id: string, payload: Record<string, unknown>): void {
    const { variables, extensions } = payload as SubscribePayload;
    const topic = variables?.topic ?? "";
    const resume = extensions?.resume;
    const operation: Operation = { topic, hasPositions: resume !== undefined };
    if (resume?.after === undefined) {
      connection.operations.set(id, operation);
      if (resume !== undefined) this.#sendJson(connection, ping({ position: { id, position: this.position } }));
      return;
    }
    const after = parsePosition(resume.after);
    if (after === undefined || after.workspace !== WORKSPACE) {
      const payload = [{ message: "The position is none of this workspace.", extensions: { code: "BAD_POSITION" } }];
      return this.#sendJson(connection, { id, type: "error", payload });
    }
    connection.operations.set(id, operation);
    if (after.epoch !== this.#epoch || after.offset < this.#floor || after.offset > this.#head) {
      return this.#sendJson(connection, ping({ gap: { id, position: this.position } }));
    }
    const missed = this.#log.filter((entry) => entry.offset > after.offset && entry.topic === topic);
    this.#send(
      connection,
      missed.map((entry) => this.#next(id, entry, true)),
    );
    this.#sendJson(connection, ping({ position: { id, position: this.position } }));
  }

  /** Takes a token over, or closes. */
  #admit(connection: Connection, token: string | undefined): boolean {
    const { exp = 0, sub } = token === undefined ? {} : claimsOf(token);
    const expiresAt = exp * 1000;
    const isSame = connection.caller === undefined || connection.caller === sub;
    if (token === undefined || this.revoked.has(token) || expiresAt <= Date.now() || !isSame) {
      connection.socket.close(4403, "Forbidden");
      return false;
    }
    connection.caller = sub;
    connection.expiresAt = expiresAt;
    for (const timer of connection.timers.splice(0)) clearTimeout(timer);
    const left = expiresAt - Date.now();
    connection.timers.push(
      setTimeout(
        () => this.#sendJson(connection, ping({ tokenExpiresAt: expiresAt })),
        Math.max(0, left - this.warningMs),
      ),
      setTimeout(() => connection.socket.close(4403, "Token expired"), left),
    );
    return true;
  }

  #next(id: string, { offset, value }: LogEntry, hasPositions: boolean): string {
    const extensions = hasPositions ? { extensions: { position: this.#positionAt(offset) } } : {};
    return JSON.stringify({ id, type: "next", payload: { data: { event: value }, ...extensions } });
  }

  #send(connection: Connection, messages: readonly string[]): void {
    if (connection.isSilent || messages.length === 0) return;
    if (!connection.isBatching) {
      for (const message of messages) connection.socket.send(message);
      return;
    }
    this.batchSizes.push(messages.length);
    connection.socket.send(`[${messages.join(",")}]`);
  }

  #sendJson(connection: Connection, message: object): void {
    if (!connection.isSilent) connection.socket.send(JSON.stringify(message));
  }

  #positionAt(offset: number): string {
    return formatPosition({ workspace: WORKSPACE, epoch: this.#epoch, offset });
  }
}

/** A token of the shape of a JWT, which this server takes without looking at its signature. */
export function fakeToken(claims: { sub?: string; exp?: number; lifeMs?: number; [claim: string]: unknown }): string {
  const { lifeMs = 3_600_000, ...rest } = claims;
  const body = { sub: "ada", exp: (Date.now() + lifeMs) / 1000, jti: crypto.randomUUID(), ...rest };
  return `e30.${Buffer.from(JSON.stringify(body)).toString("base64url")}.c2ln`;
}

export interface ClientFrame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: Record<string, unknown>;
}

const BEST_FIRST = ["graphql-transport-ws.batch", "graphql-transport-ws"];
const WORKSPACE = "0a1b2c3d";

interface LogEntry {
  readonly offset: number;
  readonly topic: string;
  readonly value: unknown;
}

interface Operation {
  readonly topic: string;
  readonly hasPositions: boolean;
}

interface SubscribePayload {
  readonly variables?: { readonly topic?: string };
  readonly extensions?: { readonly resume?: { readonly after?: string } };
}

interface Connection {
  readonly socket: WebSocket;
  readonly isBatching: boolean;
  readonly operations: Map<string, Operation>;
  readonly timers: ReturnType<typeof setTimeout>[];
  isSilent: boolean;
  caller?: string | undefined;
  expiresAt?: number;
}

function ping(payload: object): object {
  return { type: "ping", payload };
}

function claimsOf(token: string): { sub?: string; exp?: number } {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sub?: string; exp?: number };
}
