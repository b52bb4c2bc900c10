// orchflow-mcp with the official clients and the public conformance scenarios.  Prints TAP.
//
// usage: node check.mjs ORCHFLOW
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ResourceListChangedNotificationSchema, ResourceUpdatedNotificationSchema }
  from "@modelcontextprotocol/sdk/types.js";
import * as next from "@modelcontextprotocol/client";
import { StdioClientTransport as NextTransport } from "@modelcontextprotocol/client/stdio";
import { bridge } from "./bridge.mjs";

const orchflow = process.argv[2];
const spec = (...args) => ({ command: orchflow, args: ["mcp", ...args], env: process.env });

async function connected(...args) {
  const client = new Client({ name: "check", version: "1" }, { capabilities: {} });
  await client.connect(new StdioClientTransport(spec(...args)));
  return client;
}

async function tool(client, name, args, ...more) {
  const result = await client.callTool({ name, arguments: args }, ...more);
  assert.ok(!result.isError, result.content[0]?.text);
  return result.structuredContent;
}

const until = async (condition) => {
  while (!condition()) await new Promise((done) => setTimeout(done, 10));
};

const checks = {
  // The client validates structured answers against the output schemas that it got from listTools().
  "sdk: tools are listed, and what they answer fits their schemas": async () => {
    const client = await connected();
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map((t) => t.name).slice(0, 4), ["run", "wait", "read", "search"]);
    assert.ok(tools.every((t) => t.title && t.outputSchema && t.annotations));
    const ran = await tool(client, "run", { command: "echo hi; exit 3" });
    assert.equal(ran.exit_code, 3);
    assert.equal(ran.output, "hi");
    const { pane } = await tool(client, "create_pane", { command: ["cat"] });
    const sent = await tool(client, "send", { pane, text: "abc", enter: true });
    const waited = await tool(client, "wait", { pane, until: "text", pattern: "abc", since: sent.seq });
    assert.equal(waited.reason, "match");
    assert.match((await tool(client, "read", { pane })).text, /abc/);
    assert.ok((await tool(client, "list", { limit: 200 })).panes.some((p) => p.pane === pane));
    assert.equal((await tool(client, "close_pane", { pane })).deleted, true);
    const wrong = await client.callTool({ name: "read", arguments: { pane } });
    assert.equal(wrong.isError, true);
    await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }), { code: -32602 });
    await client.close();
  },
  "sdk: progress, cancelling and calls at the same time": async () => {
    const client = await connected();
    const told = [];
    const slow = tool(client, "run", { command: "sleep 2.5; echo slow" }, undefined, { onprogress: (p) => told.push(p) });
    assert.equal((await tool(client, "run", { command: "echo quick" })).output, "quick");
    assert.equal((await slow).output, "slow");
    assert.ok(told.length >= 2 && told[0].progress < told[1].progress, JSON.stringify(told));
    const stop = new AbortController();
    const cancelled = tool(client, "run", { command: "sleep 30" }, undefined, { signal: stop.signal });
    setTimeout(() => stop.abort("no patience"), 100);
    await assert.rejects(cancelled);
    await client.ping();
    await client.close();
  },
  "sdk: resources are listed, read and watched": async () => {
    const client = await connected();
    let updates = 0, lists = 0;
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, () => void updates++);
    client.setNotificationHandler(ResourceListChangedNotificationSchema, () => void lists++);
    const { pane } = await tool(client, "create_pane", { command: ["cat"] });
    const uri = `orchflow://pane/${pane}/screen`;
    assert.ok((await client.listResources()).resources.some((r) => r.uri === uri));
    assert.equal((await client.listResourceTemplates()).resourceTemplates.length, 2);
    await client.subscribeResource({ uri });
    await tool(client, "send", { pane, text: "seen", enter: true });
    await until(() => updates > 0);
    assert.match((await client.readResource({ uri })).contents[0].text, /seen/);
    await client.unsubscribeResource({ uri });
    await tool(client, "close_pane", { pane });
    await until(() => lists > 0);
    await assert.rejects(client.readResource({ uri }), { code: -32002 });
    await client.close();
  },
  "sdk: the tier read shows what only looks": async () => {
    const client = await connected("--allow", "read");
    const { tools } = await client.listTools();
    assert.ok(tools.length > 0 && tools.every((t) => t.annotations.readOnlyHint));
    await client.close();
  },
  "sdk, next: the stateless version is found and spoken": async () => {
    const client = new next.Client({ name: "check", version: "1" }, { versionNegotiation: { mode: "auto" } });
    await client.connect(new NextTransport(spec()));
    assert.equal(client.getNegotiatedProtocolVersion(), "2026-07-28");
    const { tools } = await client.listTools();
    assert.ok(tools.some((t) => t.name === "run"));
    const ran = await tool(client, "run", { command: "echo modern; exit 4" });
    assert.equal(ran.exit_code, 4);
    assert.equal(ran.output, "modern");
    await client.close();
  },
  "sdk, next: with the handshake": async () => {
    const client = new next.Client({ name: "check", version: "1" });
    await client.connect(new NextTransport(spec()));
    assert.equal((await tool(client, "run", { command: "echo x" })).output, "x");
    await client.close();
  },
};

// The whole suite runs, and these of its scenarios count: the others want prompts, sampling or test tools by their names,
// which a server of terminals has not, or are about HTTP itself.  `beside`: such checks within a scenario that counts.
const beside = (check) => /^(sep-2575-http-|sep-2243-|sep-2549-prompts-)/.test(check.id) ||
  /^Not testable: server does not list the diagnostic tool/.test(check.errorMessage);
const scenarios = {
  "2025-11-25": ["server-initialize", "logging-set-level", "ping", "tools-list", "resources-list",
    "server-sse-multiple-streams"],
  "2026-07-28": ["server-stateless", "tools-list", "resources-list", "sep-2164-resource-not-found", "caching",
    "server-sse-multiple-streams", "input-required-result-unsupported-methods"],
};
const runs = {}; // by version, once

function runSuite(url, version, folder) {
  const runner = join(dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json")),
    "dist", "index.js");
  return new Promise((done) => {
    let said = "";
    const proc = spawn(process.execPath, ["--import", join(import.meta.dirname, "older-node.mjs"), runner, "server",
      "--url", url, "--suite", "all", "--spec-version", version, "-o", folder]);
    proc.stdout.on("data", (d) => (said += d));
    proc.stderr.on("data", (d) => (said += d));
    proc.on("close", () => done(said));
  });
}

// What the suite found, by scenario.
async function suite(version) {
  const folder = mkdtempSync(join(tmpdir(), "orchflow-conformance-"));
  const front = await bridge([orchflow, "mcp"]);
  const said = await runSuite(front.url, version, folder);
  front.close();
  const found = { said };
  for (const scenario of readdirSync(folder)) {
    const name = scenario.replace(/^server-/, "").replace(/-\d{4}-\d\d-\d\dT.*/, "");
    found[name] = JSON.parse(readFileSync(join(folder, scenario, "checks.json")));
  }
  rmSync(folder, { recursive: true });
  return found;
}

for (const [version, names] of Object.entries(scenarios)) {
  for (const name of names) {
    checks[`conformance ${version}: ${name}`] = async () => {
      const found = await (runs[version] ??= suite(version));
      const counted = found[name]?.filter((c) => !beside(c));
      assert.ok(counted?.some((c) => c.status === "SUCCESS"), found.said);
      const failed = counted.filter((c) => c.status === "FAILURE");
      assert.deepEqual(failed.map((c) => `${c.id}: ${c.errorMessage}`), []);
      return `${counted.filter((c) => c.status === "SUCCESS").length} checks passed`;
    };
  }
}

const names = Object.keys(checks);
console.log(`1..${names.length}`);
let failed = 0;
for (const [i, name] of names.entries()) {
  try {
    const more = await checks[name]();
    console.log(`ok ${i + 1} mcp/${name}${more ? ` (${more})` : ""}`);
  } catch (e) {
    failed++;
    console.log(`not ok ${i + 1} mcp/${name}`);
    console.log(String(e.stack ?? e).replace(/^/gm, "# "));
  }
}
process.exit(failed ? 1 : 0);
