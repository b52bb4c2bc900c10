// Puts orchflow-mcp, which speaks over stdio, behind Streamable HTTP, for the conformance runner, which speaks nothing
// else.  A session by handshake is one process; requests without a session (the stateless version) share another one.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";

const HANDSHAKE_TAG = "io.modelcontextprotocol/subscriptionId";

class Server {
  constructor(command) {
    this.n = 0;
    this.open = new Map(); // our id: {id, response} of the client
    this.proc = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.proc.stdout }).on("line", (line) => this.message(JSON.parse(line)));
  }
  message(m) {
    // Ids are ours on the way in, since clients of several connections may choose the same.
    const ours = m.id ?? m.params?._meta?.[HANDSHAKE_TAG] ?? this.tokens?.get(m.params?.progressToken);
    const asked = this.open.get(ours);
    if (!asked) return;
    if (m.id !== undefined) m.id = asked.id;
    if (m.params?._meta?.[HANDSHAKE_TAG] !== undefined) m.params._meta[HANDSHAKE_TAG] = asked.id;
    asked.response(m);
    if (!m.method) this.open.delete(ours);
  }
  send(message, response) {
    if (message.id !== undefined && message.method) {
      const ours = ++this.n;
      this.open.set(ours, { id: message.id, response });
      message = { ...message, id: ours };
    }
    this.proc.stdin.write(JSON.stringify(message) + "\n");
    return message.id;
  }
  cancel(ours) {
    if (this.open.delete(ours))
      this.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: ours } });
  }
}

// The transport's part of an error, which has no place in a message.
function status(message, isStateless) {
  if (!message.error || !isStateless) return 200;
  return message.error.code === -32601 ? 404 : [-32602, -32022].includes(message.error.code) ? 400 : 200;
}

export async function bridge(command) {
  const sessions = new Map();
  let stateless;
  const http = createServer(async (request, response) => {
    if (request.method !== "POST") return response.writeHead(405).end();
    let text = "";
    for await (const piece of request) text += piece;
    const message = JSON.parse(text);
    let session = request.headers["mcp-session-id"];
    const isStateless = !session && message.method !== "initialize";
    const headers = {};
    if (message.method === "initialize" && !message.params?._meta?.["io.modelcontextprotocol/protocolVersion"]) {
      session = randomUUID();
      sessions.set(session, new Server(command));
      headers["mcp-session-id"] = session;
    }
    const server = sessions.get(session) ?? (stateless ??= new Server(command));
    if (message.id === undefined || !message.method) {
      server.send(message);
      return response.writeHead(202).end();
    }
    const isStream = message.method === "subscriptions/listen";
    if (isStream) response.writeHead(200, { "content-type": "text/event-stream" });
    const ours = server.send(message, (answer) => {
      if (isStream) return response.write(`data: ${JSON.stringify(answer)}\n\n`);
      if (answer.method) return undefined;
      response.writeHead(status(answer, isStateless || !session), { "content-type": "application/json", ...headers });
      return response.end(JSON.stringify(answer));
    });
    response.on("close", () => server.cancel(ours));
  });
  await new Promise((done) => http.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${http.address().port}/mcp`,
    close() {
      http.closeAllConnections();
      http.close();
      for (const server of [...sessions.values(), stateless]) server?.proc.stdin.end();
    },
  };
}
