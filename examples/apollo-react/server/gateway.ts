import { signToken } from "../../../scripts/lib/sign-token.ts";
import type { Change } from "./opportunities.ts";

export interface GatewayOptions {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly workspaceId: string;
  readonly appSecret: string;
  readonly publisherSecret: string;
  readonly adminSecret: string;
  /** How long a token lasts. */
  readonly tokenSeconds: number;
}

/** What the demo's server asks of the gateway, with secrets that no page may have. */
export interface Gateway {
  /** A token of the one user of the demo. */
  token(): Promise<string>;
  /** Publishes changes in the order in which it is called. @throws Error when the gateway does not take one */
  publish(change: Change): Promise<void>;
  /** Erases what the gateway has of the workspace, its log included: nobody can resume from before. */
  eraseLog(): Promise<void>;
}

export function createGateway(options: GatewayOptions): Gateway {
  let published = Promise.resolve();
  let tokensFrom = 0;

  async function publishNow(change: Change): Promise<void> {
    const answer = await request("POST", "/publish", options.publisherSecret, {
      messages: [messageOf(change, options.workspaceId)],
    });
    if (!answer.ok) throw new Error(`The gateway answered ${answer.status} to an event`);
  }

  function request(method: string, path: string, secret: string, body?: object): Promise<Response> {
    const headers = { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" };
    return fetch(`${options.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  }

  return {
    async token() {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, tokensFrom - Date.now())));
      const { appSecret, workspaceId, tokenSeconds } = options;
      return signToken({ appSecret, workspaceId, expiresInSeconds: tokenSeconds });
    },
    publish(change) {
      const publishing = published.then(() => publishNow(change));
      published = publishing.catch(() => undefined);
      return publishing;
    },
    async eraseLog() {
      const { ok, status } = await request("DELETE", `/admin/workspaces/${options.workspaceId}`, options.adminSecret);
      if (!ok) throw new Error(`The gateway answered ${status} to the erasure`);
      // Tokens issued in this second are refused for good, with those of before.
      tokensFrom = (Math.floor(Date.now() / 1000) + 1) * 1000;
    },
  };
}

/** A change as Twenty's server emits it. */
function messageOf({ before, after }: Change, workspaceId: string): object {
  const event = { recordId: (after ?? before)?.id, properties: { before, after, ...differenceOf({ before, after }) } };
  const action = before === undefined ? "created" : after === undefined ? "destroyed" : "updated";
  return {
    name: `opportunity.${action}`,
    workspaceId,
    objectMetadata: { nameSingular: "opportunity" },
    events: [event],
  };
}

function differenceOf({ before, after }: Partial<Record<keyof Change, Change["before"]>>): object {
  if (before === undefined || after === undefined) return {};
  const updatedFields = (["stage", "amount"] as const).filter((field) => before[field] !== after[field]);
  const diff = Object.fromEntries(
    updatedFields.map((field) => [field, { before: before[field], after: after[field] }]),
  );
  return { updatedFields, diff };
}
