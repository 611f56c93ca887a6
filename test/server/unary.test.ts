import { createClient, createServer, ServerError, Status } from "nice-grpc";
import { expect, test } from "vitest";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { define } from "../../src/rpc/definition.ts";
import { type Around, Unary } from "../../src/server/middleware/unary.ts";
import { serve } from "../rpc/serve.ts";

const definition = define(TokenService);

/** Serves with a way that notes where a call has come, and gives what the method saw. */
async function passed(way: (trace: string[]) => Unary, method: (context: object) => string = () => "") {
  const trace: string[] = [];
  const never = async () => expect.unreachable();
  const implementation = {
    batchBuildTokens: never,
    renewToken: never,
    inspectToken: never,
    buildToken: async (_: unknown, context: object) => {
      trace.push("method");
      return { issuedToken: { token: method(context) } };
    },
  };
  const server = createServer().use(way(trace).middleware());
  const { channel } = await serve(definition, implementation, server);
  const call = createClient(definition, channel).buildToken({});
  const token = await call.then(({ issuedToken }) => issuedToken?.token, String);
  return { trace, token };
}

const around =
  (trace: string[], name: string): Around =>
  async (call, context, proceed) => {
    trace.push(`into ${name}`);
    try {
      return await proceed(call, context);
    } finally {
      trace.push(`out of ${name}`);
    }
  };

test("a call passes from outside to inside and back, and what was added is there", async () => {
  const { trace, token } = await passed(
    (noted) =>
      new Unary()
        .step<{ first: string }>((_, context) => {
          noted.push("first");
          context.first = "of the first";
        })
        .around(around(noted, "second"))
        .step(({ method }, { first }) => noted.push(`third: ${first}, ${method.path}`))
        .around(around(noted, "fourth")),
    (context) => (context as { first: string }).first,
  );
  expect(token).toBe("of the first");
  expect(trace).toEqual([
    "first",
    "into second",
    "third: of the first, /agora.token.v1.TokenService/BuildToken",
    "into fourth",
    "method",
    "out of fourth",
    "out of second",
  ]);
});

test("what a step throws comes out through what stands around it, and nothing further in is reached", async () => {
  const { trace, token } = await passed((noted) =>
    new Unary()
      .around(around(noted, "first"))
      .step(() => {
        throw new ServerError(Status.ABORTED, "no further");
      })
      .around(around(noted, "third")),
  );
  expect(token).toMatch(/ABORTED: no further/);
  expect(trace).toEqual(["into first", "out of first"]);
});

test("what a method throws comes out through all", async () => {
  const { trace } = await passed(
    (noted) => new Unary().around(around(noted, "first")).around(around(noted, "second")),
    () => {
      throw new ServerError(Status.ABORTED, "of the method");
    },
  );
  expect(trace).toEqual(["into first", "into second", "method", "out of second", "out of first"]);
});

test("a way that something is added to stays as it was", async () => {
  const trace: string[] = [];
  const short = new Unary().around(around(trace, "first"));
  short.around(around(trace, "second"));
  const { token } = await passed(
    () => short,
    () => "built",
  );
  expect(token).toBe("built");
  expect(trace).toEqual(["into first", "out of first"]);
});
