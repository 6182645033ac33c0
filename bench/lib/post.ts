import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Posts over the one connection of this process. */
export function post(url: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const length = { "Content-Length": String(body.length) };
    const sent = request(url, { agent, method: "POST", headers: { ...headers, ...length } }, (response) => {
      let answer = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (answer += chunk));
      response.on("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`Publishing was answered by ${response.statusCode} ${answer}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
