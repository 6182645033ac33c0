/** Whether a request opens a WebSocket: by `GET` alone, as the runtime breaks off what another method is answered with. */
export function isUpgrade({ method, headers }: Request): boolean {
  return method === "GET" && headers.get("Upgrade")?.toLowerCase() === "websocket";
}
