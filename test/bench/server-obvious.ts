// The obvious stack: nice-grpc, protobuf-es and Agora's own builder, and nothing else: it asks nobody who they are.

import { create } from "@bufbuild/protobuf";
import agora from "agora-token";
import { createServer } from "nice-grpc";
import {
  type BuildTokenRequest,
  BuildTokenResponseSchema,
  IssuedTokenSchema,
  TokenService,
  TokenVersion,
} from "../../gen/agora/token/v1/token_pb.ts";
import { define, type Implementation } from "../../src/rpc/definition.ts";

const { RtcRole, RtcTokenBuilder } = agora;
// Made up.
const appId = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const certificate = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
const unused = () => Promise.reject(new Error("not called here"));

function issued({ expiration, grants }: BuildTokenRequest) {
  const rtc = grants[0]?.service;
  if (rtc?.case !== "rtc" || expiration.case !== "ttl") throw new Error("the benchmark asks for RTC and a ttl");
  const { channelName, uid } = rtc.value;
  const ttl = Number(expiration.value.seconds);
  const now = Math.floor(Date.now() / 1000);
  const token = RtcTokenBuilder.buildTokenWithUid(appId, certificate, channelName, uid, RtcRole.PUBLISHER, ttl, ttl);
  const time = (seconds: number) => ({ seconds: BigInt(seconds) });
  return create(IssuedTokenSchema, {
    token,
    appId,
    version: TokenVersion.TOKEN_VERSION_007,
    issueTime: time(now),
    expireTime: time(now + ttl),
    renewTime: time(now + Math.floor(ttl * 0.8)),
    certificateId: "2026-11",
  });
}

const methods: Implementation<typeof TokenService> = {
  buildToken: async (request) => create(BuildTokenResponseSchema, { issuedToken: issued(request) }),
  batchBuildTokens: unused,
  renewToken: unused,
  inspectToken: unused,
};
const server = createServer();
server.add(define(TokenService), methods);
server.listen("127.0.0.1:0").then((port) => console.log(`serves on 127.0.0.1:${port}`));
