import { WebSocket } from "ws";
import { ON_DB_EVENT } from "../e2e/events.ts";
import { type Input, OperationModel } from "./model.ts";
import { offsetOf, type Traffic } from "./traffic.ts";

export interface ChaosClientOptions {
  readonly traffic: Traffic;
  /** Of the gateway's `/graphql`, which moves when the gateway is started again. */
  readonly url: () => string;
  /** A token of this client's user, issued at an epoch second. */
  readonly token: (issuedAt: number, expiresInSeconds: number) => Promise<string>;
  readonly issuedAt: number;
  readonly userId: string;
  /** Handed through to the object, or relayed by the edge. */
  readonly path: "direct" | "relayed";
  readonly batches: boolean;
  readonly resumes: boolean;
  readonly inputs: readonly Input[];
  /** Counts what happens, by name. */
  readonly count: (what: string) => void;
}

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: {
    readonly position?: { readonly id: string; readonly position: string };
    readonly gap?: { readonly id: string; readonly position: string };
    readonly tokenExpiresAt?: number;
    readonly data?: { readonly onDbEvent?: { readonly record?: { readonly name?: string } } };
    readonly extensions?: { readonly position?: string };
  };
}

interface Operation {
  readonly model: OperationModel;
  /** Another one each time it is subscribed. */
  id: string;
  position: string | undefined;
  /** What happened to it, for whoever reads what went wrong. */
  readonly story: string[];
}

interface Live {
  readonly socket: WebSocket;
  isReady: boolean;
  revokedAt: number | undefined;
  resumeReading: ReturnType<typeof setTimeout> | undefined;
}

const EXPIRES_IN_SECONDS = 86_400;
const RECONNECT_MS = 10;

/** A client that comes back whenever its socket is gone, and goes on after the last position that it processed. */
export class ChaosClient {
  readonly traffic: Traffic;
  readonly operations: readonly Operation[];
  readonly errors: string[] = [];
  readonly #options: ChaosClientOptions;
  #live: Live | undefined;
  #issuedAt: number;
  #subscribed = 0;
  #refreshed = 0;
  #isStopped = false;
  #isHeld = false;

  constructor(options: ChaosClientOptions) {
    const { traffic, inputs, resumes } = options;
    this.#options = options;
    this.traffic = traffic;
    this.#issuedAt = options.issuedAt;
    this.operations = inputs.map((input) => ({
      model: new OperationModel(traffic.log, input, resumes),
      id: "",
      position: undefined,
      story: [],
    }));
  }

  get userId(): string {
    return this.#options.userId;
  }

  get issuedAt(): number {
    return this.#issuedAt;
  }

  get isReady(): boolean {
    return this.#live?.isReady ?? false;
  }

  /** Whether everything up to a head was received, or is known not to concern it. */
  hasReached(head: number): boolean {
    if (!this.isReady) return false;
    return this.operations.every(({ model }) => !model.resumes || (model.cursor ?? -1) >= head);
  }

  async connect(): Promise<void> {
    if (this.#isStopped || this.#isHeld || this.#live !== undefined) return;
    const { url, path, batches } = this.#options;
    // Takes the place, so that nobody connects a second time while the token is made.
    this.#isHeld = true;
    const token = await this.#options.token(this.#issuedAt, EXPIRES_IN_SECONDS);
    this.#isHeld = false;
    const headers = path === "direct" ? { Authorization: `Bearer ${token}` } : {};
    const protocol = batches ? "graphql-transport-ws.batch" : "graphql-transport-ws";
    const socket = new WebSocket(url(), [protocol], { headers, perMessageDeflate: false });
    const live: Live = { socket, isReady: false, revokedAt: undefined, resumeReading: undefined };
    this.#live = live;
    socket.on("open", () =>
      this.#send(live, { type: "connection_init", ...(path === "relayed" && { payload: { token } }) }),
    );
    socket.on("message", (data) => {
      if (this.#live !== live) return;
      const parsed = JSON.parse(String(data)) as Frame | Frame[];
      if (Array.isArray(parsed)) this.#options.count("frames of several messages");
      for (const frame of Array.isArray(parsed) ? parsed : [parsed]) this.#receive(live, frame);
    });
    socket.on("error", () => undefined);
    socket.on("close", (code) => {
      if (this.#live === live) this.#options.count(`closed by the server ${code}`);
      this.#gone(live);
    });
  }

  /** Cuts the connection without a word, or by a close frame; what has not been processed by now is lost with it. */
  cut(how: "terminate" | "close"): void {
    const live = this.#live;
    if (live === undefined) return;
    if (how === "terminate" || live.socket.readyState !== WebSocket.OPEN) live.socket.terminate();
    else {
      live.socket.resume();
      live.socket.close(1000);
    }
    this.#gone(live);
  }

  /** Stops reading for a while. */
  pause(ms: number): boolean {
    const live = this.#live;
    if (live === undefined || !live.isReady || live.resumeReading !== undefined) return false;
    live.socket.pause();
    live.resumeReading = setTimeout(() => {
      live.resumeReading = undefined;
      live.socket.resume();
    }, ms);
    return true;
  }

  /** Ends a pause early. */
  readOn(): void {
    const live = this.#live;
    if (live === undefined) return;
    clearTimeout(live.resumeReading);
    live.resumeReading = undefined;
    live.socket.resume();
  }

  /** Brings a newer token over the open socket. */
  async refresh(): Promise<boolean> {
    const live = this.#live;
    if (live === undefined || !live.isReady) return false;
    this.#refreshed++;
    const accessToken = await this.#options.token(this.#issuedAt, EXPIRES_IN_SECONDS + this.#refreshed);
    this.#send(live, { type: "ping", payload: { accessToken } });
    return true;
  }

  /** Ends one operation and subscribes it again on the same socket. */
  subscribeAgain(which: number): boolean {
    const live = this.#live;
    const operation = this.operations[which % this.operations.length];
    if (live === undefined || !live.isReady || operation === undefined) return false;
    this.#send(live, { type: "complete", id: operation.id });
    this.#subscribe(live, operation);
    return true;
  }

  /**
   * Was revoked: whatever is accepted from now on must not come over the socket that was open then.
   * @param live the socket of before the revoke, from `current`
   */
  revoked(live: object | undefined, head: number, nextIssuedAt: number): void {
    this.#issuedAt = nextIssuedAt;
    if (live !== undefined && live === this.#live) (live as Live).revokedAt ??= head;
    // One that came in between, with the token of before, is refused by now.
  }

  get current(): object | undefined {
    return this.#live;
  }

  stop(): void {
    this.#isStopped = true;
    this.cut("terminate");
  }

  #gone(live: Live): void {
    clearTimeout(live.resumeReading);
    if (this.#live !== live) return;
    this.#live = undefined;
    if (!this.#isStopped) setTimeout(() => void this.connect(), RECONNECT_MS);
  }

  #send({ socket }: Live, message: object): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  #subscribe(live: Live, operation: Operation): void {
    this.#subscribed++;
    operation.id = `${this.#subscribed}`;
    operation.model.subscribed();
    const { position, model } = operation;
    operation.story.push(`subscribed after ${position ?? "nothing"}`);
    this.#options.count(position === undefined ? "subscribed from now" : "resumed");
    const resume = position === undefined ? {} : { after: position };
    const payload = {
      query: ON_DB_EVENT,
      variables: { input: model.input },
      ...(model.resumes && { extensions: { resume } }),
    };
    this.#send(live, { type: "subscribe", id: operation.id, payload });
  }

  #receive(live: Live, frame: Frame): void {
    const { type, payload } = frame;
    switch (type) {
      case "connection_ack":
        live.isReady = true;
        for (const operation of this.operations) this.#subscribe(live, operation);
        return;
      case "ping":
        this.#send(live, { type: "pong", ...(payload !== undefined && { payload }) });
        return this.#takePosition(payload);
      case "pong":
        if (payload?.tokenExpiresAt !== undefined) this.#options.count("refreshes answered");
        return;
      case "next":
        return this.#takeEvent(live, frame);
      default:
        this.errors.push(JSON.stringify(frame).slice(0, 500));
    }
  }

  #takePosition(payload: Frame["payload"]): void {
    const told = payload?.position ?? payload?.gap;
    const operation = this.operations.find(({ id }) => id === told?.id);
    if (told === undefined || operation === undefined) return;
    operation.story.push(`${payload?.gap === undefined ? "told" : "gap to"} ${told.position}`);
    operation.position = told.position;
    if (payload?.gap === undefined) operation.model.told(offsetOf(told.position));
    else operation.model.gap(offsetOf(told.position));
  }

  #takeEvent({ revokedAt }: Live, { id, payload }: Frame): void {
    const operation = this.operations.find((candidate) => candidate.id === id);
    if (operation === undefined) return;
    const position = payload?.extensions?.position;
    const key = Number(payload?.data?.onDbEvent?.record?.name ?? Number.NaN);
    operation.model.received(key, position === undefined ? undefined : offsetOf(position), revokedAt);
    if (position !== undefined) operation.position = position;
  }
}
