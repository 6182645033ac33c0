import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";
import type { Fetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { createFetcher } from "./fetcher.ts";
import { onSettled } from "./on-settled.ts";

/** How long the Headers pane must be left alone before its token is tried. */
const HEADERS_SETTLE_MS = 800;

const DEFAULT_QUERY = `# Live events of one workspace.
#
# 1. Type a token into the Headers pane below:
#      {"Authorization": "Bearer <token>"}
#    Nothing stores it: a reload asks again.
# 2. Press Ctrl-Enter, then publish an event:
#    the newest one shows on the right.
#
# Queries and mutations go by POST,
# subscriptions over a WebSocket.

subscription {
  onDbEvent(input: {}) {
    action
    objectNameSingular
    eventDate
    record
    updatedFields
  }
}
`;

const NO_PLUGINS: never[] = [];

const endpoint = endpointOf(location.pathname);
const send = createFetcher(new URL(endpoint, location.origin));

/** The page is served at every GraphQL path, and at its own address, where it speaks to the usual path. */
function endpointOf(pathname: string): string {
  return /^\/graphiql(\/|$)/.test(pathname) ? "/graphql" : pathname;
}

/** The same fetcher as another function: GraphiQL asks for the schema again whenever its fetcher changes. */
function renewed(fetcher: Fetcher): Fetcher {
  return (params, options) => fetcher(params, options);
}

function Playground() {
  const [fetcher, setFetcher] = useState(() => send);
  const [onEditHeaders] = useState(() => onSettled(HEADERS_SETTLE_MS, () => setFetcher(() => renewed(send))));

  return (
    <GraphiQL
      fetcher={fetcher}
      defaultQuery={DEFAULT_QUERY}
      defaultEditorToolsVisibility="headers"
      onEditHeaders={onEditHeaders}
      // No token is ever written to localStorage. The history plugin would write the headers of each run: it is left out.
      shouldPersistHeaders={false}
      plugins={NO_PLUGINS}
    >
      <GraphiQL.Logo>
        <span className="graphiql-logo-link">Sluice</span>
        <span className="endpoint">{endpoint}</span>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

const root = document.querySelector("#root");
if (root) createRoot(root).render(<Playground />);
