import { describe, expect, test } from "vitest";
import { addressText, isLoopback, parseAddress } from "../../src/config/address.ts";
import { complaint, complaints, PROJECTS, read } from "./fixtures/read.ts";

describe("addresses", () => {
  test.each([
    ["127.0.0.1:50051", { kind: "tcp", host: "127.0.0.1", port: 50051 }, true],
    ["127.255.0.9:1", { kind: "tcp", host: "127.255.0.9", port: 1 }, true],
    ["localhost:65535", { kind: "tcp", host: "localhost", port: 65535 }, true],
    ["[::1]:0", { kind: "tcp", host: "::1", port: 0 }, true],
    ["[0:0:0:0:0:0:0:1]:1", { kind: "tcp", host: "0:0:0:0:0:0:0:1", port: 1 }, true],
    ["0.0.0.0:443", { kind: "tcp", host: "0.0.0.0", port: 443 }, false],
    ["128.0.0.1:443", { kind: "tcp", host: "128.0.0.1", port: 443 }, false],
    ["10.1.2.3:443", { kind: "tcp", host: "10.1.2.3", port: 443 }, false],
    ["[::]:443", { kind: "tcp", host: "::", port: 443 }, false],
    ["[fd00::1]:443", { kind: "tcp", host: "fd00::1", port: 443 }, false],
    ["[::ffff:10.0.0.1]:443", { kind: "tcp", host: "::ffff:10.0.0.1", port: 443 }, false],
    ["unix:/run/agora/token.sock", { kind: "unix", path: "/run/agora/token.sock" }, true],
  ])("%s", (text, expected, loopback) => {
    const address = parseAddress(text);
    expect(address).toEqual(expected);
    if ("hint" in address) throw new Error(address.hint);
    expect(isLoopback(address)).toBe(loopback);
    expect(addressText(address)).toBe(text);
  });

  test.each([
    ["127.0.0.1", "the port is missing"],
    ["127.0.0.1:", "the port is missing"],
    ["[::1]", "the port is missing"],
    [":50051", "the host is missing: 127.0.0.1 is this machine"],
    ["127.0.0.1:65536", "the port is from 0 to 65535"],
    ["127.0.0.1:080", "the port is from 0 to 65535"],
    ["::1:50051", "put the IPv6 address in [ ]"],
    ["fd00::1", "put the IPv6 address in [ ]"],
    ["[127.0.0.1]:1", "what is in [ ] is not an IPv6 address"],
    ["[fe80::1%eth0]:1", "what is in [ ] is not an IPv6 address"],
    ["[]:1", "what is in [ ] is not an IPv6 address"],
    ["token.example:1", "the host is a name: write its numeric address"],
    ["Localhost:1", "the host is a name: write its numeric address"],
    ["127.1:1", "the host is a name: write its numeric address"],
    ["*:1", "the host is a name: write its numeric address"],
    ["http://127.0.0.1:1", ""],
    ["127.0.0.1:1:2", ""],
    ["127.0.0.1:x", ""],
    ["unix:token.sock", "the path of the socket is absolute"],
    ["unix:/", "the path of the socket is absolute"],
    ["unix:///run/token.sock", "write one slash after unix:"],
    [`unix:/${"a".repeat(107)}`, "the path of the socket is at most 107 bytes"],
    [`unix:/${"é".repeat(54)}`, "the path of the socket is at most 107 bytes"],
  ])("%s is refused", (text, hint) => {
    expect(parseAddress(text)).toEqual({ hint });
  });
});

describe("listeners", () => {
  const listen = (...list: string[]) => `${PROJECTS}listen:\n${list.map((item) => `  - ${item}\n`).join("")}`;

  test("say what their address must be", () => {
    expect(complaint(listen("address: token.example:443"))).toBe(
      "6:14: listen[0].address: must be host:port with a numeric host or localhost, [host]:port for IPv6, " +
        "or unix: and an absolute path; the host is a name: write its numeric address",
    );
    expect(complaint(listen("terminated_upstream: true"))).toContain(
      "6:5: listen[0].address: is missing: it must be host:port",
    );
  });

  test("have addresses of their own", () => {
    expect(complaint(listen("address: 127.0.0.1:1", "address: 127.0.0.1:1"))).toBe(
      "7:14: listen[1].address: is the address of listen[0].address too",
    );
    expect(complaint(`${listen("address: 127.0.0.1:1")}admin: { address: 127.0.0.1:1 }\n`)).toBe(
      "7:19: admin.address: is the address of listen[0].address too",
    );
    expect(read(listen("address: 127.0.0.1:0", "address: 127.0.0.1:0")).listen).toHaveLength(2);
  });

  test("have all files of TLS", () => {
    expect(complaints(listen("{ address: 127.0.0.1:1, tls: {} }"))).toEqual([
      "6:29: listen[0].tls.certificate_file: is missing: it must be the file of the server's certificate chain",
      "6:29: listen[0].tls.key_file: is missing: it must be the file of the server's private key",
    ]);
  });

  test("do TLS at one end", () => {
    const tls = "tls: { certificate_file: a, key_file: b }";
    expect(complaint(listen(`{ address: 10.0.0.1:1, ${tls}, terminated_upstream: true }`))).toContain(
      "listen[0].terminated_upstream: excludes tls: either this end does TLS, or what is in front",
    );
    expect(complaint(listen(`{ address: "unix:/a", ${tls} }`))).toContain(
      "listen[0].tls: a unix socket has no use for TLS: leave it out",
    );
  });
});

test("the admin address is no socket", () => {
  expect(complaint(`${PROJECTS}admin: { address: "unix:/run/admin.sock" }\n`)).toBe(
    "5:19: admin.address: must be host:port with a numeric host or localhost, or [host]:port for IPv6; it cannot be a socket",
  );
});

describe("SPIFFE IDs", () => {
  const file = (id: string) => `${PROJECTS}callers: [{ id: a, match: { spiffe_id: "${id}" } }]\n`;

  test.each(["spiffe://prod.example/a", "spiffe://prod/ns/rooms/sa/lobby", "spiffe://a_b-c.1/A.b_c-d"])("%s", (id) => {
    expect(read(file(id)).callers[0]?.match).toEqual({ kind: "spiffe", id });
  });

  test.each([
    "prod.example/a",
    "https://prod.example/a",
    "spiffe://prod.example",
    "spiffe://prod.example/",
    "spiffe://prod.example/a/",
    "spiffe://prod.example/a//b",
    "spiffe://prod.example/../b",
    "spiffe://prod.example/./b",
    "spiffe://Prod.example/a",
    "spiffe://prod.example:80/a",
    "spiffe://x@prod.example/a",
    "spiffe://prod.example/a?b",
    "spiffe://prod.example/a*",
    `spiffe://prod.example/${"a".repeat(2048)}`,
  ])("%s is refused", (id) => {
    expect(complaint(file(id))).toBe(
      "5:40: callers[0].match.spiffe_id: must be a SPIFFE ID such as spiffe://prod.example/ns/rooms/sa/lobby",
    );
  });
});

describe("URLs of keys", () => {
  const file = (url: string) => `${PROJECTS}jwt_issuers: [{ issuer: a, jwks_url: "${url}" }]\n`;

  test.each(["https://keys.example/jwks", "http://127.0.0.1:8080/jwks", "http://localhost/jwks", "http://[::1]/jwks"])(
    "%s",
    (url) => {
      expect(read(file(url)).jwtIssuers[0]?.keys).toEqual({ kind: "url", url });
    },
  );

  test.each([
    ["http://keys.example/jwks", "; http:// is only for an address on loopback"],
    ["http://10.0.0.1/jwks", "; http:// is only for an address on loopback"],
    ["https://user:secret@keys.example/jwks", "; leave the user and the password out"],
    ["/run/jwks.json", ""],
  ])("%s is refused", (url, hint) => {
    expect(complaint(file(url))).toBe(
      `5:38: jwt_issuers[0].jwks_url: must be the https:// address of its public keys${hint}`,
    );
  });

  test("another scheme", () => {
    expect(complaint(file("ftp://keys.example/jwks"))).toContain("must be the https:// address of its public keys");
  });
});
