import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Command } from "./load-commands.ts";

/** Commands by their names; one at a time. */
type Commands<All> = Readonly<Record<keyof All, Command<unknown, unknown>>>;

type Options<All extends Commands<All>, Name extends keyof All> = All[Name]["options"];
type Answer<All extends Commands<All>, Name extends keyof All> = All[Name]["answer"];

interface Request<Name> {
  readonly name: Name;
  readonly options: unknown;
}

type Reply = { readonly value: unknown } | { readonly error: string };

export interface LoadLink<All extends Commands<All>> extends AsyncDisposable {
  run<Name extends keyof All>(name: Name, options: Options<All, Name>): Promise<Answer<All, Name>>;
}

/** Starts a load process: a file of this folder that answers these commands. */
export function startLoadProcess<All extends Commands<All>>(file: string): LoadLink<All> {
  const child = fork(join(import.meta.dirname, file));
  const exited = once(child, "exit");
  return {
    async run(name, options) {
      const request: Request<typeof name> = { name, options };
      const answered = once(child, "message");
      child.send(request);
      const ended = exited.then((): [Reply] => [{ error: "The load process ended." }]);
      const [reply] = (await Promise.race([answered, ended])) as [Reply];
      if ("error" in reply) throw new Error(reply.error);
      return reply.value as Answer<All, typeof name>;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** In a load process: does what it is asked, and ends with whoever started it. */
export function answerCommands<All extends Commands<All>>(
  handlers: {
    readonly [Name in keyof All]: (options: Options<All, Name>) => Promise<Answer<All, Name>>;
  },
): void {
  process.on("message", async ({ name, options }: Request<keyof All>) => {
    const reply: Reply = await handlers[name](options as Options<All, typeof name>).then(
      (value) => ({ value }),
      (thrown: Error) => ({ error: thrown.message }),
    );
    process.send?.(reply);
  });
  process.on("disconnect", () => process.exit());
}
