import { expect, test } from "vitest";
import { serverNameOf } from "../../src/client/server-name.ts";

const OVERRIDE = "grpc.ssl_target_name_override";
const AUTHORITY = "grpc.default_authority";
const ZEROS = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";

test.each([
  ["192.0.2.1:443", "1.2.0.192.in-addr.arpa"],
  ["dns:///192.0.2.1:443", "1.2.0.192.in-addr.arpa"],
  ["[::1]:443", `1.0.0.0.0.0.0.0.${ZEROS}.0.0.0.0.ip6.arpa`],
  ["[2001:db8::ab]:443", `b.a.0.0.${ZEROS}.8.b.d.0.1.0.0.2.ip6.arpa`],
  ["[::ffff:192.0.2.1]:443", `1.0.2.0.0.0.0.c.f.f.f.f.${ZEROS}.ip6.arpa`],
  ["[fe80::1%eth0]:443", `1.0.0.0.${ZEROS}.0.0.0.0.0.8.e.f.ip6.arpa`],
])("%s is named %s in a handshake, and has a certificate for the address", (target, name) => {
  const { options, check } = serverNameOf(target, undefined);
  expect(options).toEqual({ [OVERRIDE]: name });
  expect(check).toBeDefined();
});

test.each(["tokens.internal:443", "dns:///tokens.internal:443", "unix:///run/token.sock", "1.2.3.4.example:443"])(
  "%s is named by the address itself",
  (target) => {
    expect(serverNameOf(target, undefined)).toEqual({ options: {} });
  },
);

test("a name that was given is the one", () => {
  const named = { [OVERRIDE]: "tokens.internal", [AUTHORITY]: "tokens.internal" };
  expect(serverNameOf("192.0.2.1:443", "tokens.internal")).toEqual({ options: named });
  const { options, check } = serverNameOf("tokens.internal:443", "192.0.2.1");
  expect(options).toEqual({ [OVERRIDE]: "1.2.0.192.in-addr.arpa", [AUTHORITY]: "192.0.2.1" });
  expect(check).toBeDefined();
});
