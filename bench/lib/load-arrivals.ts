import { deriveUuid, signToken } from "../../scripts/lib/sign-token.ts";
import type { Arrival, ArriveOptions, SignOptions } from "./load-commands.ts";
import { LoadSocket } from "./load-socket.ts";
import { subscribeToAll } from "./opening.ts";

const TOKEN_LIFE_SECONDS = 3600;

/** Clients that come and go, each of them a user who was never there before. Nothing is published to them. */
export class Arrivals {
  readonly #onFailure: (error: Error) => void;
  #users = 0;
  #tokens: readonly string[] = [];
  #sockets: LoadSocket[] = [];

  constructor(onFailure: (error: Error) => void) {
    this.#onFailure = onFailure;
  }

  /** Makes the tokens of those who arrive next, so that their arrival is all that happens then. */
  async sign({ count, appSecret, workspaceId }: SignOptions): Promise<void> {
    const users = Array.from({ length: count }, () => this.#users++);
    this.#tokens = await Promise.all(
      users.map(async (user) => {
        const userId = await deriveUuid("bench arrival", String(user));
        return signToken({ appSecret, workspaceId, userId, expiresInSeconds: TOKEN_LIFE_SECONDS });
      }),
    );
  }

  /** Opens a socket with every token, and subscribes on it. */
  async arrive({ atOnce, subscribe, ...where }: ArriveOptions): Promise<Arrival> {
    const milliseconds: number[] = [];
    const listener = {
      onFrame: () => undefined,
      onMessage: () => this.#onFailure(new Error("A message came.")),
      onFailure: this.#onFailure,
    };
    const payload = JSON.stringify(subscribe);
    const tokens = this.#tokens.values();
    const openSome = async () => {
      for (const token of tokens) {
        const startedAt = performance.now();
        this.#sockets.push(await LoadSocket.open({ ...where, token, opening: subscribeToAll([payload]) }, listener));
        milliseconds.push(performance.now() - startedAt);
      }
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: atOnce }, openSome));
    return { seconds: (performance.now() - startedAt) / 1000, milliseconds };
  }

  /** Closes all that arrived. */
  depart(): void {
    for (const socket of this.#sockets) socket.close();
    this.#sockets = [];
    this.#tokens = [];
  }
}
