import { describe, expect, test } from "vitest";
import { ROLES } from "../../src/token/role.ts";
import { SERVICE_NAMES, SERVICES, type ServiceName } from "../../src/token/services.ts";
import { Privileges, Role, SimpleTokenBuilder } from "../../src/token/simple-token-builder.ts";
import { PRIVILEGES_006, parse006 } from "../../src/token/token006.ts";
import {
  isLegalText,
  MAX_ACCOUNT_BYTES,
  MAX_CHANNEL_NAME_BYTES,
  MAX_UID,
  MAX_USER_ID_BYTES,
} from "../../src/token/user.ts";
import { TABLES, VECTORS } from "./vectors.ts";

// Their names of the fields, where ours differ.
const FIELDS: Readonly<Record<string, string>> = { uid: "user", account: "user", room: "roomUuid" };
const APAAS_FIELDS: Readonly<Record<string, string>> = { ...FIELDS, user: "userUuid" };

describe("services of version 007", () => {
  test("are the same, in the order of their types", () => {
    const theirs = TABLES.services007.map(({ name, type }) => [name.replaceAll("_", "").toLowerCase(), type]);
    expect(SERVICE_NAMES.map((name) => [name.toLowerCase(), SERVICES[name].type])).toEqual(theirs);
  });

  test.each(TABLES.services007.map((row, at) => [row.name, row, SERVICE_NAMES[at] as ServiceName] as const))(
    "%s has the same privileges and fields",
    (_, { privileges, fields, type, defaultRole }, name) => {
      const ours = Object.entries(SERVICES[name].privileges).map(([privilege, number]) => [String(number), privilege]);
      expect(Object.fromEntries(ours)).toEqual(privileges);
      const names = type === 7 ? APAAS_FIELDS : FIELDS;
      expect(Object.keys(SERVICES[name].fields)).toEqual(fields.map(([field]) => names[field] ?? field));
      expect(defaultRole).toBe(type === 7 ? -1 : undefined);
    },
  );

  test("the privilege to enter is the first, where the service has one to enter", () => {
    const entries = SERVICE_NAMES.map((name) => SERVICES[name].entry);
    expect(entries).toEqual([1, 1, undefined, 1, undefined, undefined, undefined, 1, undefined, undefined]);
  });
});

test("roles of version 007 are the same", () => {
  const theirs = Object.values(TABLES.roles007).filter(({ name }) => name in ROLES);
  expect(Object.fromEntries(theirs.map(({ name, privileges }) => [name, privileges]))).toEqual(ROLES);
});

describe("privileges of version 006", () => {
  test("are the same, and the same are retired", () => {
    const theirs = TABLES.privileges006.map(({ n, name, status }) => [n, { name, retired: status !== "live" }]);
    expect([...PRIVILEGES_006]).toEqual(theirs);
  });

  test("those that can be granted are the live ones", () => {
    const live = TABLES.privileges006.filter(({ status }) => status === "live").map(({ name, n }) => [name, n]);
    expect(Privileges).toEqual(Object.fromEntries(live));
  });
});

describe("roles of the classic builder", () => {
  const { values, privileges } = TABLES.roles006SimpleTokenBuilder;

  test("are numbered as in Node", () => {
    expect(Role).toEqual(values["node,c++,java,php"]);
  });

  test.each(Object.entries(Role))(
    "%s has the same privileges, less the retired ones, each of value 0",
    (name, role) => {
      const { appId, appCertificate, channelName, uid } = VECTORS.defaults;
      const builder = new SimpleTokenBuilder(appId, appCertificate, channelName, uid);
      builder.initPrivileges(role);
      const live = privileges[name]?.filter((number) => PRIVILEGES_006.get(number)?.retired === false) ?? [];
      expect(live.length).toBeGreaterThan(0);
      expect([...parse006(builder.buildToken()).privileges]).toEqual(live.map((number) => [number, 0]));
    },
  );
});

describe("channels and users", () => {
  test("the character set is the same", () => {
    const legal = Array.from({ length: 0x250 }, (_, code) => String.fromCharCode(code)).filter((c) =>
      isLegalText(c, 1),
    );
    expect(legal).toEqual([...TABLES.charset89].sort());
    expect(legal).toHaveLength(89);
  });

  test("the limits are the same", () => {
    const { channelMaxBytes, uidMax, accountMaxBytes, rtmUserIdMaxBytes } = TABLES.limits;
    expect([MAX_CHANNEL_NAME_BYTES, MAX_UID, MAX_ACCOUNT_BYTES, MAX_USER_ID_BYTES]).toEqual([
      channelMaxBytes,
      uidMax,
      accountMaxBytes,
      rtmUserIdMaxBytes,
    ]);
  });
});

test("the legacy vectors have the lengths of their formats", () => {
  const kinds: Readonly<Record<string, string>> = { DynamicKey1: "dk1", DynamicKey2: "dk2", DynamicKey3: "dk3" };
  for (const { kind, length, prefix } of TABLES.legacy) {
    const id = kinds[kind] ?? (kind === "DynamicKey4" ? "dk4-ACS" : undefined);
    const text = VECTORS.legacy.find((vector) => vector.id === id)?.expected;
    expect(text?.length).toBe(length);
    if (text && prefix) expect(text.startsWith(prefix)).toBe(true);
  }
});
