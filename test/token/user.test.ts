import { describe, expect, test } from "vitest";
import {
  channelFromText,
  channelToText,
  isLegalText,
  MAX_ACCOUNT_BYTES,
  type User,
  uidFromText,
  userFromText,
  userToText,
} from "../../src/token/user.ts";

describe("channels", () => {
  test.each([
    ["lobby", { name: "lobby" }],
    ["1*a*2", { name: "1*a*2" }],
    ["**", { name: "**" }],
    [" ", { name: " " }],
    ["频道", { name: "频道" }],
  ])("%j is a name, and is written as it was read", (text, channel) => {
    expect(channelFromText(text)).toEqual(channel);
    expect(channelToText(channelFromText(text))).toBe(text);
  });

  test.each(["", "*"])("%j is every channel, which is written as *", (text) => {
    expect(channelFromText(text)).toBe("any");
    expect(channelToText("any")).toBe("*");
  });
});

describe("users", () => {
  test.each<[string, User]>([
    ["", "any"],
    ["1", { uid: 1 }],
    ["4294967295", { uid: 4_294_967_295 }],
    ["4294967296", { account: "4294967296" }],
    ["9999999999", { account: "9999999999" }],
    ["0", { account: "0" }],
    ["00", { account: "00" }],
    ["01", { account: "01" }],
    ["-1", { account: "-1" }],
    ["+1", { account: "+1" }],
    ["1.0", { account: "1.0" }],
    ["1e3", { account: "1e3" }],
    ["0x10", { account: "0x10" }],
    [" 1", { account: " 1" }],
    ["1\n", { account: "1\n" }],
    ["１", { account: "１" }],
    ["*", { account: "*" }],
    ["undefined", { account: "undefined" }],
  ])("%j is read as one user and written as it was read", (text, user) => {
    expect(userFromText(text)).toEqual(user);
    expect(userToText(user)).toBe(text);
    expect(uidFromText(text)).toBe(typeof user === "object" && "uid" in user ? user.uid : undefined);
  });

  test("an account of digits is the uid to Agora", () => {
    expect(userToText({ account: "123" })).toBe(userToText({ uid: 123 }));
  });
});

describe("the character set", () => {
  test("is counted in bytes, from 1", () => {
    expect(isLegalText("", 64)).toBe(false);
    expect(isLegalText("a".repeat(64), 64)).toBe(true);
    expect(isLegalText("a".repeat(65), 64)).toBe(false);
    expect(isLegalText("a".repeat(MAX_ACCOUNT_BYTES), MAX_ACCOUNT_BYTES)).toBe(true);
  });

  test.each(["*", "/", '"', "'", "\\", "`", "\n", "a\n", "\t", "\0", "é", "频", "😀", "\ud800", "\u00a0"])(
    "%j is not legal",
    (text) => {
      expect(isLegalText(text, 64)).toBe(false);
      expect(isLegalText(`a${text}b`, 64)).toBe(false);
    },
  );
});
