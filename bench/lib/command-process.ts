import { fork } from "node:child_process";
import { once } from "node:events";

/** What a process can be asked for: options and answer by the name of a command. */
type Commands<Of> = { readonly [Name in keyof Of]: { readonly options: unknown; readonly answer: unknown } };

export interface CommandProcess<Of extends Commands<Of>> extends AsyncDisposable {
  /** One at a time. */
  run<Name extends keyof Of & string>(name: Name, options: Of[Name]["options"]): Promise<Of[Name]["answer"]>;
}

type Answer = { readonly value: unknown } | { readonly error: string };

interface Request<Of extends Commands<Of>, Name extends keyof Of = keyof Of> {
  readonly name: Name;
  readonly options: Of[Name]["options"];
}

/** Starts a program that calls `serveCommands`. */
export function startProcess<Of extends Commands<Of>>(program: string): CommandProcess<Of> {
  const child = fork(program);
  const exited = once(child, "exit");
  return {
    async run(name, options) {
      const request: Request<Of, typeof name> = { name, options };
      const answered = once(child, "message");
      child.send(request);
      const ended = exited.then((): [Answer] => [{ error: "The load process ended." }]);
      const [answer] = (await Promise.race([answered, ended])) as [Answer];
      if ("error" in answer) throw new Error(answer.error);
      return answer.value;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Answers the commands of whoever started this process, and ends with it. */
export function serveCommands<Of extends Commands<Of>>(
  commands: {
    readonly [Name in keyof Of]: (options: Of[Name]["options"]) => Promise<Of[Name]["answer"]>;
  },
): void {
  process.on("message", async ({ name, options }: Request<Of>) => {
    const answer: Answer = await commands[name](options).then(
      (value) => ({ value }),
      (thrown: Error) => ({ error: thrown.message }),
    );
    process.send?.(answer);
  });
  process.on("disconnect", () => process.exit());
}
