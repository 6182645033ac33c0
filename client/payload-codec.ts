/** What a `deserializer` is told besides the text. */
export interface DeserializerContext {
  readonly channel: string;
  readonly pattern?: string;
}

export interface PayloadCodecOptions {
  /** As of `JSON.parse`. */
  reviver?: (key: string, value: unknown) => unknown;
  /** Makes a text of a payload, which then travels as that text. @default payloads travel as JSON */
  serializer?: (payload: unknown) => string;
  /** Reads the text of a payload. Not together with `reviver`. */
  deserializer?: (text: string, context: DeserializerContext) => unknown;
}

/** Payloads as RedisPubSub changes them on their way, which here is JSON anyway. */
export class PayloadCodec {
  readonly #options: PayloadCodecOptions;

  /** @throws TypeError when there is both a reviver and a deserializer */
  constructor(options: PayloadCodecOptions) {
    if (options.reviver !== undefined && options.deserializer !== undefined) {
      throw new TypeError("reviver and deserializer cannot be used together.");
    }
    this.#options = options;
  }

  encode(payload: unknown): unknown {
    const { serializer } = this.#options;
    return serializer === undefined ? (payload ?? null) : serializer(payload);
  }

  /** A text that cannot be read is given as it is, as by RedisPubSub. */
  decode(payload: unknown, context: DeserializerContext): unknown {
    const { reviver, serializer, deserializer } = this.#options;
    if (reviver === undefined && serializer === undefined && deserializer === undefined) return payload;
    const text = serializer !== undefined && typeof payload === "string" ? payload : JSON.stringify(payload);
    try {
      if (deserializer !== undefined) return deserializer(text, context);
      return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]) as unknown;
    } catch {
      return text;
    }
  }
}
