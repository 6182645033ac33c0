/** Preloaded with `node --import`: examples find the package by its name without a build of it. */
import { registerHooks } from "node:module";

const SOURCES = new Map([["sluice/pubsub", new URL("../../client/pubsub.ts", import.meta.url).href]]);

registerHooks({
  resolve: (specifier, context, nextResolve) => nextResolve(SOURCES.get(specifier) ?? specifier, context),
});
