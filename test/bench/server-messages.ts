// What is called with, and what the raw server answers: in base64, as processes hand it to each other.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import {
  BatchBuildTokensRequestSchema,
  type BuildTokenRequest,
  BuildTokenRequestSchema,
  BuildTokenResponseSchema,
  InspectTokenRequestSchema,
  RtcRole,
} from "../../gen/agora/token/v1/token_pb.ts";
import type { Configured } from "./server-config.ts";
import type { Running } from "./server-processes.ts";

/** How many tokens a batch asks for: the most that it may. */
export const BATCH = 100;

const VARIED = 64;
const FRAME_BYTES = 5;
const TOKEN_CHARS = 190;

/** The path of a method. */
export function pathOf(method: string): string {
  return `/agora.token.v1.TokenService/${method}`;
}

/** Requests to build, of channels and users that differ. */
export function builds(project: string): string[] {
  return varied((n) => base64(toBinary(BuildTokenRequestSchema, buildOf(project, n))));
}

/** A request for as many tokens as a batch may have. */
export function batchOf(project: string): string {
  const requests = Array.from({ length: BATCH }, (_, n) => buildOf(project, n));
  return base64(toBinary(BatchBuildTokensRequestSchema, create(BatchBuildTokensRequestSchema, { requests })));
}

/** Requests to inspect tokens that the server built. */
export async function inspections({ port }: Running, { project, authorization }: Configured): Promise<string[]> {
  const tokens = await Promise.all(builds(project).map((request) => tokenOf(port, authorization, request)));
  return tokens.map((token) =>
    base64(toBinary(InspectTokenRequestSchema, create(InspectTokenRequestSchema, { token, project }))),
  );
}

/** An answer of the size of ours, with its frame. */
export function rawAnswer(): string {
  const time = { seconds: 1_795_000_000n };
  const issuedToken = {
    token: "007".padEnd(TOKEN_CHARS, "x"),
    appId: "0".repeat(32),
    issueTime: time,
    expireTime: time,
    renewTime: time,
    certificateId: "2026-11",
  };
  const bytes = toBinary(BuildTokenResponseSchema, create(BuildTokenResponseSchema, { issuedToken }));
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32BE(bytes.length, 1);
  return base64(Buffer.concat([frame, bytes]));
}

function buildOf(project: string, n: number): BuildTokenRequest {
  const channelName = `room-${10_000_000_000 + n}`;
  return create(BuildTokenRequestSchema, {
    project,
    expiration: { case: "ttl", value: { seconds: 3600n } },
    grants: [{ service: { case: "rtc", value: { channelName, uid: 100_000 + n, role: RtcRole.PUBLISHER } } }],
  });
}

async function tokenOf(port: number, authorization: string, request: string): Promise<string> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("authorization", authorization);
  const plain = (bytes: Buffer) => bytes;
  try {
    return await new Promise<string>((resolve, reject) => {
      const message = Buffer.from(request, "base64");
      client.makeUnaryRequest(pathOf("BuildToken"), plain, plain, message, metadata, (error, answer) => {
        if (error || !answer) reject(error ?? new Error("no answer"));
        else resolve(fromBinary(BuildTokenResponseSchema, answer).issuedToken?.token ?? "");
      });
    });
  } finally {
    client.close();
  }
}

function varied(make: (n: number) => string): string[] {
  return Array.from({ length: VARIED }, (_, n) => make(n));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
