import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A network between a client and a port of this machine. */
export interface Network {
  readonly port: number;
  readonly cuts: number;
  /** Ends every connection without a word. New ones wait. */
  cut(): void;
  restore(): void;
  close(): void;
}

export async function startNetwork(targetPort: number): Promise<Network> {
  const ends = new Set<Socket>();
  let waiting: (() => void)[] | undefined;
  let cuts = 0;

  function add(socket: Socket, other: Socket): void {
    ends.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      ends.delete(socket);
      other.destroy();
    });
    socket.pipe(other);
  }
  // A packet that waits for others would be a delay that no end asked for.
  const server = createServer({ noDelay: true }, (near) => {
    near.on("error", () => near.destroy());
    const join = () => {
      const far = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
      add(near, far);
      add(far, near);
    };
    if (waiting === undefined) join();
    else waiting.push(join);
  });
  const end = () => {
    for (const socket of ends) socket.resetAndDestroy();
  };
  return {
    port: await listen(server),
    get cuts() {
      return cuts;
    },
    cut() {
      cuts++;
      waiting = [];
      end();
    },
    restore() {
      for (const join of waiting ?? []) join();
      waiting = undefined;
    },
    close() {
      server.close();
      end();
    },
  };
}

/** Listens on a free port of this machine. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
