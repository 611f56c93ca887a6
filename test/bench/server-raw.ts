// The floor: node:http2 alone. It reads a request to its end and answers bytes that never change.

import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";

const answer = Buffer.from(process.argv[2] ?? "", "base64");

const server = createServer();
server.on("stream", (stream) => {
  stream.on("data", () => undefined);
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(answer);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`serves on 127.0.0.1:${(server.address() as AddressInfo).port}`));
