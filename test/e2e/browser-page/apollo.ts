import { ApolloClient, InMemoryCache } from "@apollo/client";
import { createApolloLink } from "../../../client/apollo.ts";
import { recorder } from "./recorder.ts";

const settings = new URLSearchParams(location.search);

/** An Apollo Client like any other. Only its link knows of tokens, connections and positions. */
export const apollo = new ApolloClient({
  cache: new InMemoryCache(),
  link: createApolloLink({
    url: settings.get("gateway") ?? "",
    token: getToken,
    persist: settings.has("persist"),
    onGap: recorder.gap,
  }),
});

async function getToken({ refresh }: { refresh: boolean }): Promise<string> {
  const workspace = settings.get("workspace") ?? "";
  const response = await fetch(`/token?${new URLSearchParams({ workspace, refresh: String(refresh) })}`);
  return response.text();
}
