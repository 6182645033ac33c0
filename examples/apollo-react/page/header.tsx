import { useMutation } from "@apollo/client/react";
import { useEffect, useReducer } from "react";
import { type Connection, connection, goOffline, goOnline } from "./connection.ts";
import { ERASE_LOG } from "./opportunity.ts";
import { useStore } from "./store.ts";

const STATUS_NAMES = { connecting: "Connecting …", live: "Live", offline: "Offline" } as const;

export function Header() {
  const { status, count, token, refreshes } = useStore(connection);
  const [eraseLog, { loading: isErasing, error }] = useMutation(ERASE_LOG);
  return (
    <header className="top">
      <h1>
        <Logo /> Pipeline
      </h1>
      <div className="fact" data-status={status}>
        <span className="dot" aria-hidden="true" />
        <span>
          <b role="status">{STATUS_NAMES[status]}</b>
          <small>{count === 0 ? "no connection yet" : `connection ${count}`}</small>
        </span>
      </div>
      {token && <TokenLife token={token} refreshes={refreshes} />}
      {error && (
        <p className="failure" role="alert">
          The log was not erased: {error.message}
        </p>
      )}
      <div className="actions">
        <button
          type="button"
          title="Erases what the gateway could resume from, as if you had been away for too long"
          disabled={isErasing || status === "offline"}
          onClick={() => void eraseLog().catch(() => undefined)}
        >
          Erase the log
        </button>
        <button type="button" className="primary" onClick={status === "offline" ? goOnline : goOffline}>
          {status === "offline" ? "Go online" : "Go offline"}
        </button>
      </div>
    </header>
  );
}

function TokenLife({ token, refreshes }: { token: NonNullable<Connection["token"]>; refreshes: number }) {
  useEverySecond();
  const leftMs = Math.max(0, token.expiresAt - Date.now());
  const seconds = Math.ceil(leftMs / 1000);
  const part = leftMs / (token.expiresAt - token.issuedAt);
  return (
    <div className="fact" data-refreshes={refreshes}>
      <svg className="ring" viewBox="0 0 36 36" aria-hidden="true">
        <circle cx="18" cy="18" r="15" />
        <circle cx="18" cy="18" r="15" pathLength="1" strokeDasharray={`${part} 1`} />
      </svg>
      <span>
        <b>{seconds === 0 ? "Token expired" : `Token expires in ${seconds} s`}</b>
        <small>{refreshes === 0 ? "not refreshed yet" : `refreshed ${refreshes} × on this connection`}</small>
      </span>
    </div>
  );
}

/** Renders again each second. */
function useEverySecond(): void {
  const [, tick] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(tick, 1_000);
    return () => clearInterval(timer);
  }, []);
}

function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M7 12c3-3 6-3 9 0s6 3 9 0M7 20c3-3 6-3 9 0s6 3 9 0" />
    </svg>
  );
}
