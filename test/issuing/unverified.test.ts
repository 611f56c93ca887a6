import { expect, test } from "vitest";
import { examine } from "../../src/issuing/inspect.ts";
import { AppCertificate } from "../../src/keyring/certificate.ts";
import { sign006 } from "../../src/token/token006.ts";

const APP_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const NOW = 1_800_000_000;
const secret = AppCertificate.parse(Buffer.from("A1b2C3d4E5f60718293a4B5c6D7e8F90"));
const project = {
  id: "live",
  appId: APP_ID,
  allowToken006: true,
  maxTtl: 86_400,
  certificates: [{ id: "first", state: "primary", secret } as const],
};
const projects = { named: undefined, byAppId: () => project, byAppIdInOtherCase: () => undefined };

// Everything but its certificate is as the inspection expects it, so only the signature can tell.
function forged(userText: string): string {
  const privileges = new Map([[1000, NOW + 600]]);
  const token = { appId: APP_ID, channelText: "victim", userText, salt: 7, expiresAt: NOW + 600, privileges };
  return sign006(token, Buffer.from("0".repeat(32)));
}

test.each(["", "x", "victim"])("a forged signaling token of version 006 with the user %j is rejected", (userText) => {
  const expected = { service: "rtm", privileges: new Map(), userId: "victim" } as const;
  const inspection = examine(projects, { token: forged(userText), expected, at: NOW });
  expect(inspection.verdict).toBe("REJECTED");
  expect(inspection.certificateId).toBeUndefined();
});

test("without an expectation, what could not be verified is not accepted", () => {
  expect(examine(projects, { token: forged("x"), expected: undefined, at: NOW }).verdict).not.toBe("ACCEPTED");
});
