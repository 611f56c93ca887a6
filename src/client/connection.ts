import {
  create,
  type DescMethod,
  type DescService,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type CallOptions as Attempt, type ChannelOptions, createChannel, createClient, Status } from "nice-grpc";
import { define } from "../rpc/definition.ts";
import { targetOf } from "./address.ts";
import { type CallOptions, type CallPolicy, callMethod, OpenCalls } from "./call.ts";
import { type CredentialOptions, channelCredentials } from "./credentials.ts";
import { TokenServiceError } from "./error.ts";
import { Ring } from "./ring.ts";
import { serverNameOf } from "./server-name.ts";
import { systemTiming, type Timing } from "./timing.ts";

/** How to connect, and how to call. */
export interface ConnectOptions extends CredentialOptions {
  /** How long a call may take, all attempts together, in milliseconds. The default is 5000. */
  readonly deadlineMs?: number;
  /** How often a call is tried again. The default is 4. */
  readonly retries?: number;
  /** Options of grpc-js, for what is not provided here. */
  readonly channelOptions?: ChannelOptions;
  /** For tests. */
  readonly timing?: Timing;
}

/** The methods of a service that take one message and give one, typed by the contract. */
export type Methods<S extends DescService> = {
  readonly [K in keyof S["method"] as S["method"][K]["methodKind"] extends "unary" ? K : never]: UnaryMethod<
    S["method"][K]
  >;
};

/**
 * A method. It takes a message, or what `create` makes one of.
 *
 * @throws TokenServiceError
 */
export type UnaryMethod<M extends DescMethod> = (
  request: MessageInitShape<M["input"]>,
  options?: CallOptions,
) => Promise<MessageShape<M["output"]>>;

/** Connections to one or several servers of one service. */
export interface Connection<S extends DescService> {
  readonly methods: Methods<S>;
  /** Ends the connections, and every call on them. */
  close(): void;
}

const DEADLINE_MS = 5000;
const RETRIES = 4;

const CHANNEL_OPTIONS: ChannelOptions = {
  // A name may stand for several addresses.
  "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  // A server that was restarted is there again in a moment: grpc-js would wait for a second, and for two minutes in the
  // end. Where servers are restarted one after the other, the next must not go before this client is back at the last.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  // The time for one attempt to connect, which is named otherwise: see nice-grpc.
  "grpc.min_reconnect_backoff_ms": 5000,
  // A connection that leads nowhere any more is noticed without a call that waits for it.
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 5000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.enable_channelz": 0,
};

/**
 * Connects to a service when the first call is made. With several addresses, calls take turns.
 *
 * @throws TypeError if an address or an option is not what it should be
 */
export function connect<S extends DescService>(
  service: S,
  addresses: string | readonly string[],
  options: ConnectOptions,
): Connection<S> {
  const list = typeof addresses === "string" ? [addresses] : addresses;
  if (list.length === 0) throw new TypeError("there is no address: give at least one");
  const policy = policyOf(options);
  const definition = define(service);
  const ring = new Ring(
    list.map((address) => {
      const channel = channelTo(address, options);
      // Of this service or that, its methods are looked up by name.
      return { channel, client: createClient(definition, channel) as unknown as Readonly<Record<string, Sender>> };
    }),
  );
  const methods = service.methods
    .filter(({ methodKind }) => methodKind === "unary")
    .map((method) => {
      const call = async (request: MessageInitShape<typeof method.input>, options?: CallOptions) => {
        const message = messageOf(method, request);
        // At each attempt, whose turn it is then.
        const send = (attempt: Attempt) => senderOf(ring.take().client, method.localName)(message, attempt);
        return callMethod(method.name, send, policy, options);
      };
      return [method.localName, call] as const;
    });
  // fromEntries forgets which method has which name; the list and the type come from one descriptor.
  const close = () => {
    policy.open.close();
    ring.close();
  };
  return { methods: Object.fromEntries(methods) as unknown as Methods<S>, close };
}

// grpc-js would call it INTERNAL, which blames the server, and would show the value.
function messageOf({ name, input }: DescMethod, request: MessageInitShape<typeof input>): Message {
  try {
    const message = create(input, request);
    toBinary(input, message);
    return message;
  } catch (error) {
    const field = /cannot encode field (\S+)/.exec(error instanceof Error ? error.message : "")?.[1] ?? "a field";
    const description = `the request is no ${input.name}: ${field} has a value of another type`;
    throw new TokenServiceError({ method: name, attempts: 0, code: Status.INVALID_ARGUMENT, description });
  }
}

type Sender = (request: Message, options: Attempt) => Promise<unknown>;

function senderOf(client: Readonly<Record<string, Sender>>, name: string): Sender {
  const sender = client[name];
  if (sender === undefined) throw new Error(`the service has no method ${name}`);
  return sender;
}

function policyOf({ deadlineMs = DEADLINE_MS, retries = RETRIES, bearer, timing }: ConnectOptions): CallPolicy {
  if (!(deadlineMs > 0)) throw new TypeError("deadlineMs is not a number of milliseconds over 0");
  if (!(Number.isInteger(retries) && retries >= 0)) throw new TypeError("retries is not a whole number from 0 on");
  return {
    deadlineMs,
    retries,
    bearer,
    timing: timing ?? systemTiming,
    open: new OpenCalls(),
  };
}

function channelTo(address: string, options: ConnectOptions) {
  const target = targetOf(address);
  const name = serverNameOf(target.target, options.tls?.serverName);
  return createChannel(target.target, channelCredentials(target, options, name.check), {
    ...CHANNEL_OPTIONS,
    ...name.options,
    ...options.channelOptions,
  });
}
