import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Any, anyIs, anyPack, anyUnpack, durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  BadRequest_FieldViolationSchema as FieldViolationSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import type { Violation } from "../failure.ts";
import { statusMessage } from "./status.ts";

/** The trailer that carries a `google.rpc.Status`. */
export const DETAILS_TRAILER = "grpc-status-details-bin";

/** What a failure tells a program, besides its status and message. */
export interface ErrorDetails {
  /** `google.rpc.ErrorInfo`: why the call failed. */
  readonly errorInfo?: ErrorInfo;
  /** `google.rpc.BadRequest`: the fields that are wrong. */
  readonly violations?: readonly Violation[];
  /** `google.rpc.RetryInfo`: how long to wait before the call is tried again, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Why a call failed, for programs. */
export interface ErrorInfo {
  /** Unique in its domain: `TOKEN_EXPIRED`. */
  readonly reason: string;
  /** Who defines the reason: `agora.token.v1`. */
  readonly domain: string;
  /** The facts of this failure. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A failure as it travels. */
export interface DetailedStatus extends ErrorDetails {
  /** The gRPC status code. */
  readonly code: number;
  /** The status message, for people. Sent as `statusMessage` makes it. */
  readonly message: string;
}

// Some clients refuse trailers over 8 KiB, and grpc-js never answers at all over 64 KiB: grpc-node#2399.
const MAX_TRAILERS = 8192;
/** For the other trailers of a call: their names, the status, and what middlewares add. */
const RESERVED = 1024;
const MAX_NAME = 64;
const MAX_VIOLATIONS = 64;
const MAX_RETRY_MS = 86_400_000;
/** What a detail takes besides its own bytes: the name of its type, tags and lengths. */
const DETAIL = 64;
/** What an element of a list takes besides its own bytes: tags and lengths. */
const ELEMENT = 12;

/**
 * Writes the value of `grpc-status-details-bin`. It does not fail, and keeps all trailers of the call
 * below 8 KiB together: violations that do not fit are left out, and then metadata that does not.
 */
export function encodeDetails(status: DetailedStatus): Uint8Array {
  const message = statusMessage(status.message);
  const details: Any[] = [];
  let room = roomBeside(message);
  const add = <D extends DescMessage>(schema: D, init: MessageInitShape<D>) => {
    const detail = anyPack(schema, create(schema, init));
    room -= detail.value.length + DETAIL;
    details.push(detail);
  };
  if (status.retryAfterMs !== undefined) add(RetryInfoSchema, retryInfo(status.retryAfterMs));
  if (status.errorInfo !== undefined) add(ErrorInfoSchema, errorInfo(status.errorInfo, room));
  if (status.violations !== undefined) add(BadRequestSchema, badRequest(status.violations, room));
  return toBinary(StatusSchema, create(StatusSchema, { code: status.code, message, details }));
}

/**
 * Reads the value of `grpc-status-details-bin`. Details of types that it does not know, and such as do
 * not decode, are left out: an error must be reported even if what explains it is damaged.
 *
 * @returns undefined if the bytes are no status
 */
export function decodeDetails(bytes: Uint8Array): DetailedStatus | undefined {
  const status = attempt(() => fromBinary(StatusSchema, bytes));
  if (status === undefined) return undefined;
  const info = find(status.details, ErrorInfoSchema);
  const request = find(status.details, BadRequestSchema);
  const delay = find(status.details, RetryInfoSchema)?.retryDelay;
  return {
    code: status.code,
    message: status.message,
    ...(info && { errorInfo: { reason: info.reason, domain: info.domain, metadata: info.metadata } }),
    ...(request && {
      violations: request.fieldViolations.map(({ field, description, reason }) => ({
        field,
        description,
        rule: reason,
      })),
    }),
    ...(delay && { retryAfterMs: Math.max(0, durationMs(delay)) }),
  };
}

/** How many bytes of details fit: they travel in base64, and the message once more in percent-encoding. */
function roomBeside(message: string): number {
  const encoded = MAX_TRAILERS - RESERVED - encodeURI(message).length;
  return Math.floor((encoded * 3) / 4) - Buffer.byteLength(message) - DETAIL;
}

// A wait that cannot be told, such as that for a limit of zero, is told as the longest.
function retryInfo(ms: number): MessageInitShape<typeof RetryInfoSchema> {
  return { retryDelay: durationFromMs(ms <= MAX_RETRY_MS ? Math.max(0, Math.ceil(ms)) : MAX_RETRY_MS) };
}

function errorInfo(info: ErrorInfo, room: number): MessageInitShape<typeof ErrorInfoSchema> {
  const [reason, domain] = [info.reason.slice(0, MAX_NAME), info.domain.slice(0, MAX_NAME)];
  const left = room - DETAIL - Buffer.byteLength(reason + domain) - ELEMENT;
  const facts = Object.entries(info.metadata);
  const sizeOf = ([name, value]: [string, string]) => Buffer.byteLength(name) + Buffer.byteLength(value);
  return { reason, domain, metadata: Object.fromEntries(fitting(facts, left, sizeOf)) };
}

function badRequest(violations: readonly Violation[], room: number): MessageInitShape<typeof BadRequestSchema> {
  const messages = violations
    .slice(0, MAX_VIOLATIONS)
    .map(({ field, description, rule }) => create(FieldViolationSchema, { field, description, reason: rule }));
  const sizeOf = (violation: (typeof messages)[number]) => toBinary(FieldViolationSchema, violation).length;
  return { fieldViolations: fitting(messages, room - DETAIL, sizeOf) };
}

/** Those elements, in order, that together take no more than so many bytes. */
function fitting<T>(elements: readonly T[], room: number, sizeOf: (element: T) => number): T[] {
  let left = room;
  return elements.filter((element) => {
    const size = sizeOf(element) + ELEMENT;
    if (size > left) return false;
    left -= size;
    return true;
  });
}

function find<D extends DescMessage>(details: readonly Any[], schema: D): MessageShape<D> | undefined {
  const detail = details.find((any) => anyIs(any, schema));
  return detail && attempt(() => anyUnpack(detail, schema));
}

function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
