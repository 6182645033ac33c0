import { RedisPubSub } from "graphql-redis-subscriptions";
import { SluicePubSub } from "sluice/pubsub";
import { WebSocket } from "ws";
import { startNotesServer } from "./notes-server.ts";

const { ENGINE, PORT = "4000", REDIS_PORT = "6379", GATEWAY = "http://127.0.0.1:8787" } = process.env;

// This is all that changes.
const pubsub =
  ENGINE === "redis"
    ? // With its ready check ioredis 5 loses what is subscribed to while it connects (redis/ioredis#2037).
      new RedisPubSub({ connection: { host: "127.0.0.1", port: Number(REDIS_PORT), enableReadyCheck: false } })
    : new SluicePubSub({
        url: GATEWAY,
        publisherSecret: process.env["PUBLISHER_SECRET"] ?? "dev-publisher-secret",
        channelSecret: process.env["CHANNEL_SECRET"] ?? "dev-channel-secret",
        webSocketImpl: WebSocket,
      });

const url = await startNotesServer(pubsub, Number(PORT));
console.log(`Notes at ${url}, by ${pubsub.constructor.name}`);
