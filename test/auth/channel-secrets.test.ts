import { describe, expect, it } from "vitest";
import { channelSecretsFor, secretTag } from "../../src/auth/channel-secrets.ts";
import { parseSettings } from "../../src/core/settings.ts";
import { OTHER_WORKSPACE, WORKSPACE } from "../support/publish-fixtures.ts";

const CHANNEL_SECRETS = `all,own:${WORKSPACE.toUpperCase()},theirs:${OTHER_WORKSPACE}`;

describe("channelSecretsFor", () => {
  it("gives those of every workspace and those of this one", () => {
    const settings = parseSettings({ CHANNEL_SECRETS });
    expect(channelSecretsFor(settings, WORKSPACE)).toEqual(["all", "own"]);
    expect(channelSecretsFor(settings, OTHER_WORKSPACE)).toEqual(["all", "theirs"]);
    expect(channelSecretsFor(settings, undefined)).toEqual(["all"]);
    expect(channelSecretsFor(parseSettings({}), WORKSPACE)).toEqual([]);
  });
});

describe("secretTag", () => {
  it("is the same for a secret, another for another, and does not hold it", async () => {
    expect(await secretTag("secret")).toBe(await secretTag("secret"));
    expect(await secretTag("secret")).not.toBe(await secretTag("secret2"));
    expect(await secretTag("secret")).toMatch(/^[0-9a-f]{32}$/);
  });
});
