// What the stack costs with nothing in it: nice-grpc over protobuf-es, which decodes a request and encodes an answer.

import { fromBinary } from "@bufbuild/protobuf";
import { createServer } from "nice-grpc";
import { BuildTokenResponseSchema, TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { define, type Implementation } from "../../src/rpc/definition.ts";

const bytes = Buffer.from(process.argv[2] ?? "", "base64").subarray(5);
const answer = fromBinary(BuildTokenResponseSchema, bytes);
const unused = () => Promise.reject(new Error("not called here"));

const methods: Implementation<typeof TokenService> = {
  buildToken: () => Promise.resolve(answer),
  batchBuildTokens: unused,
  renewToken: unused,
  inspectToken: unused,
};
const server = createServer();
server.add(define(TokenService), methods);
server.listen("127.0.0.1:0").then((port) => console.log(`serves on 127.0.0.1:${port}`));
