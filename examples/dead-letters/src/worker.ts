/** What the gateway writes for a queue message that it gave up. */
interface DeadLetter {
  readonly reason: { readonly code: string; readonly message: string };
  readonly queueMessageId: string;
  readonly attempts: number;
  /** An ISO 8601 string. */
  readonly at: string;
  /** The body as it came, without secret fields; absent when it does not fit. */
  readonly body?: unknown;
}

interface LettersEnv {
  readonly LETTERS: KVNamespace;
}

const KEPT_SECONDS = 30 * 86_400;

/** Logs the gateway's dead letters and keeps them for a month; `GET /` lists them, oldest first. */
export default {
  async queue({ messages }: MessageBatch<DeadLetter>, env: LettersEnv): Promise<void> {
    for (const { body: letter } of messages) {
      console.error({ message: "A dead letter", ...letter });
      const key = `${letter.at} ${letter.queueMessageId}`;
      await env.LETTERS.put(key, JSON.stringify(letter), { expirationTtl: KEPT_SECONDS });
    }
  },

  async fetch(_request: Request, env: LettersEnv): Promise<Response> {
    const { keys } = await env.LETTERS.list({ limit: 100 });
    const letters = await Promise.all(keys.map(({ name }) => env.LETTERS.get<DeadLetter>(name, "json")));
    return Response.json(letters.filter((letter) => letter !== null));
  },
};
