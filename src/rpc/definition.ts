import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import type { CallContext, ServerMiddlewareCall, ServiceImplementation } from "nice-grpc";
import { Failure } from "../failure.ts";

/** A generated service in the shape that nice-grpc takes from ts-proto, the one that keeps options and copies nothing. */
export interface Definition<S extends DescService> {
  name: string;
  fullName: string;
  /** By the method's local name: `buildToken`. */
  methods: { [K in keyof S["method"]]: MethodDefinition<S["method"][K]> };
}

/** What the methods of a generated service do: takes messages, returns messages or what `create` makes them of. */
export type Implementation<S extends DescService, Context = unknown> = ServiceImplementation<Definition<S>, Context>;

interface MethodDefinition<M extends DescMethod> {
  name: string;
  requestType: Codec<M["input"]>;
  requestStream: Streams[M["methodKind"]][0];
  responseType: Codec<M["output"]>;
  responseStream: Streams[M["methodKind"]][1];
  options: { idempotencyLevel?: "IDEMPOTENT" | "NO_SIDE_EFFECTS" };
}

interface Codec<D extends DescMessage> {
  encode(message: MessageShape<D>): { finish(): Uint8Array };
  decode(bytes: Uint8Array): MessageShape<D>;
  fromPartial(init: MessageInitShape<D>): MessageShape<D>;
}

/** By kind of method: whether the request streams, and whether the response does. */
interface Streams {
  unary: [false, false];
  server_streaming: [false, true];
  client_streaming: [true, false];
  bidi_streaming: [true, true];
}

/**
 * Stands in for a request that is no message of its schema: cut off, not protobuf, or with text
 * that is not UTF-8. grpc-js decodes before any middleware runs and answers a throwing decoder
 * with INTERNAL, which blames the server. So the decoder of requests returns this instead, and
 * `refuseUndecodable` turns it into the caller's failure. Handlers never see it.
 */
export class Undecodable {
  /** What the decoder threw: for the log, never for the caller. */
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/**
 * Codecs for messages that come often. Each gives undefined for what is not for it, which is then decoded or encoded by the
 * descriptor of its message.
 */
export interface QuickCodecs {
  decode(schema: DescMessage, bytes: Uint8Array): Message | undefined;
  encode(schema: DescMessage, message: Message): Uint8Array | undefined;
}

const NONE: QuickCodecs = { decode: () => undefined, encode: () => undefined };

/**
 * Makes the definition of a generated service, for nice-grpc's servers and clients alike.
 *
 * @param quick for requests and responses of a server
 */
export function define<S extends DescService>(service: S, quick: QuickCodecs = NONE): Definition<S> {
  const methods = service.methods.map((method) => [method.localName, methodDefinition(method, quick)] as const);
  // fromEntries forgets which method has which name; `methods` and `S["method"]` come from one descriptor.
  const byName = Object.fromEntries(methods) as unknown as Definition<S>["methods"];
  return { name: service.name, fullName: service.typeName, methods: byName };
}

/**
 * The methods of these services by the path that a middleware sees: `/agora.token.v1.TokenService/BuildToken`.
 * The schema of a request is `methodsByPath(services).get(path)?.input`.
 */
export function methodsByPath(services: readonly DescService[]): ReadonlyMap<string, DescMethod> {
  const methods = services.flatMap((service) => service.methods);
  return new Map(methods.map((method) => [`/${method.parent.typeName}/${method.name}`, method]));
}

/**
 * Middleware: a request that could not be decoded fails as `REQUEST_INVALID`. It belongs right inside
 * the middleware that turns a `Failure` into a status, before anything reads the request.
 */
export async function* refuseUndecodable<Request, Response>(
  call: ServerMiddlewareCall<Request, Response>,
  context: CallContext,
) {
  return yield* call.next(call.requestStream ? decodedOf(call.request) : requireDecoded(call.request), context);
}

async function* decodedOf<Request>(requests: AsyncIterable<Request>): AsyncGenerator<Request> {
  for await (const request of requests) yield requireDecoded(request);
}

/**
 * The request itself, if it could be decoded.
 *
 * @throws Failure REQUEST_INVALID
 */
export function requireDecoded<Request>(request: Request): Request {
  if (!(request instanceof Undecodable)) return request;
  const detail = "the bytes of the request do not decode: send the message of this method, with text in UTF-8";
  throw new Failure("REQUEST_INVALID", { detail }, { cause: request.cause });
}

function methodDefinition(method: DescMethod, quick: QuickCodecs): MethodDefinition<DescMethod> {
  return {
    name: method.name,
    requestType: { ...codec(method.input), decode: requestDecoder(method.input, quick) },
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseType: { ...codec(method.output), encode: responseEncoder(method.output, quick) },
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    options: idempotency(method.idempotency),
  };
}

function codec<D extends DescMessage>(schema: D): Codec<D> {
  return {
    encode: (message) => ({ finish: () => toBinary(schema, message) }),
    decode: (bytes) => fromBinary(schema, bytes),
    fromPartial: (init) => create(schema, init),
  };
}

function responseEncoder<D extends DescMessage>(schema: D, quick: QuickCodecs): Codec<D>["encode"] {
  return (message) => ({ finish: () => quick.encode(schema, message) ?? toBinary(schema, message) });
}

function requestDecoder<D extends DescMessage>(schema: D, quick: QuickCodecs): Codec<D>["decode"] {
  return (bytes) => {
    const decoded = quick.decode(schema, bytes);
    // It is a message of this schema, or nothing.
    if (decoded) return decoded as MessageShape<D>;
    try {
      // Fields that this version does not know are skipped: nothing here passes a request on.
      return fromBinary(schema, bytes, { readUnknownFields: false });
    } catch (error) {
      // Not a message, whatever the type says: see `Undecodable`.
      return new Undecodable(error) as unknown as MessageShape<D>;
    }
  };
}

function idempotency(level: Idempotency): MethodDefinition<DescMethod>["options"] {
  if (level === Idempotency.IDEMPOTENT) return { idempotencyLevel: "IDEMPOTENT" };
  if (level === Idempotency.NO_SIDE_EFFECTS) return { idempotencyLevel: "NO_SIDE_EFFECTS" };
  return {};
}
