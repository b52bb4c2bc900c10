// The conformance runner imports fs.globSync, which came with Node 22, for a command that is not used here.
import * as fs from "node:fs";
import { register } from "node:module";

if (!("globSync" in fs)) {
  const shim = `export * from "node:fs"; export { default } from "node:fs";
    export function globSync() { throw new Error("needs Node 22"); }`;
  register("data:text/javascript," + encodeURIComponent(`
    export function resolve(specifier, context, next) {
      return specifier === "fs" && context.parentURL?.includes("/@modelcontextprotocol/conformance/")
        ? { url: ${JSON.stringify("data:text/javascript," + encodeURIComponent(shim))}, shortCircuit: true }
        : next(specifier, context);
    }`));
}
