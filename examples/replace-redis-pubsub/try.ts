/** Subscribes at one server and adds notes at another: `node try.ts [ws://…/graphql ws://…/graphql]`. */
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

const [reader = "ws://127.0.0.1:4000/graphql", writer = "ws://127.0.0.1:4001/graphql"] = process.argv.slice(2);
const workspaceId = "d0000000-0000-4000-8000-000000000001";
const connect = (url: string) => createClient({ url, webSocketImpl: WebSocket });
const [readerClient, writerClient] = [connect(reader), connect(writer)];

const notes = readerClient.iterate({
  query: "subscription ($workspaceId: ID!) { noteAdded(workspaceId: $workspaceId) { text writtenAt } }",
  variables: { workspaceId },
});
const first = notes.next();
// An iterator says nothing of when its subscription is there, with either engine.
await new Promise((resolve) => setTimeout(resolve, 500));

const query =
  "mutation ($workspaceId: ID!, $text: String!) { addNote(workspaceId: $workspaceId, text: $text) { text } }";
for (const text of ["one", "two", "three"]) {
  for await (const _ of writerClient.iterate({ query, variables: { workspaceId, text } }));
}
for (const result of [await first, await notes.next(), await notes.next()]) {
  console.log(JSON.stringify(result.value.data.noteAdded));
}
await Promise.all([readerClient.dispose(), writerClient.dispose()]);
