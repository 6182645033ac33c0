import "./style.css";
import { ApolloProvider } from "@apollo/client/react";
import { createRoot } from "react-dom/client";
import { apollo } from "./apollo.ts";
import { Board } from "./board.tsx";
import { Feed } from "./feed-list.tsx";
import { Header } from "./header.tsx";
import { followEvents } from "./live-events.ts";
import { NoticeBar } from "./notice-bar.tsx";

followEvents(apollo);

const root = document.querySelector("#root");
if (root) {
  createRoot(root).render(
    <ApolloProvider client={apollo}>
      <Header />
      <NoticeBar />
      <main>
        <Board />
        <Feed />
      </main>
    </ApolloProvider>,
  );
}
