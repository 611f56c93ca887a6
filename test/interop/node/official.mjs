// Hands a token to Agora's own Node.js code, agora-token. Only this check holds the App Certificate: a caller of
// agora-tokend never does. It serves C++ and PHP too, whose official code is in no package registry.
import { readFileSync } from "node:fs";
import { AccessToken2 } from "agora-token/src/AccessToken2.js";

const { renewed: token } = JSON.parse(readFileSync(0, "utf8"));
const certificate = process.env.AGORA_APP_CERTIFICATE;
if (certificate === undefined) throw new Error("set AGORA_APP_CERTIFICATE to that of the project");

const parsed = new AccessToken2();
if (!parsed.from_string(token)) throw new Error("Agora's parser refuses the token");
const [rtc] = parsed.services;

const answer = {
  parser: "agora-token AccessToken2",
  app_id: parsed.appId.toString(),
  ttl: parsed.expire,
  channel: rtc.__channel_name.toString(),
  uid: rtc.__uid.toString(),
  privileges: rtc.__privileges,
  verified: parsed.verifySignature(certificate),
  forged: parsed.verifySignature([...certificate].reverse().join("")),
};
console.log(JSON.stringify(answer));
