// Tokens that Agora's own builders make, to be reproduced before anything is signed. The certificate is that of Agora's
// tests, and no secret. Source: AgoraIO/Tools at da06bfb, DynamicKey/AgoraDynamicKey.

import type { Token006 } from "./token006.ts";
import type { Token007 } from "./token007.ts";

/** The App Certificate that signs all of them. */
export const CERTIFICATE = "5CFd2fd1755d40ecb72977518be15d3b";

const APP_ID = "970CA35de60c44645bbae8a215061b33";
const CHANNEL = "7d72365eb983485397e3e3f9d460bdda";
const UID = 2882341273;

/** A token of version 007. Its text depends on the zlib that made it, its signature and its content do not. */
export interface KnownAnswer007 {
  /** The test of Agora's that states it. */
  readonly source: string;
  readonly token: Token007;
  /** The signed bytes, in hexadecimal digits. */
  readonly signedHex: string;
  readonly signatureHex: string;
  /** What another zlib makes of it. */
  readonly text: string;
}

/** A token of version 006. */
export interface KnownAnswer006 {
  readonly source: string;
  readonly token: Token006;
  readonly text: string;
}

export const KNOWN_007: readonly KnownAnswer007[] = [
  {
    source: "nodejs/test/AccessToken2Test.js:96, go/src/accesstoken2/accesstoken_test.go:521",
    token: {
      appId: APP_ID,
      issuedAt: 1111111,
      lifetime: 600,
      salt: 1,
      grants: [
        {
          service: "rtc",
          channel: { name: CHANNEL },
          user: { uid: UID },
          privileges: new Map([1, 2, 3, 4].map((number) => [number, 600])),
        },
        { service: "rtm", userId: "test_user", privileges: new Map([[1, 600]]) },
      ],
    },
    signedHex:
      "2000393730434133356465363063343436343562626165386132313530363162333347f41000580200000100000002000100040001005802000" +
      "0020058020000030058020000040058020000200037643732333635656239383334383533393765336533663964343630626464610a00323838" +
      "32333431323733020001000100580200000900746573745f75736572",
    signatureHex: "0812393ccca5befc2bb6fbd30269cac4506368877e946d988b5562a77cd42441",
    text:
      "007eJxTYOAQsrQ5s3TfH+1tvy8zZZ46EpCc0V43JXdGd2jS8porKo4KDJbmBs6OxqYpqWYGySYmZiamSUmJqRaJRoamBmaGScbG7l8EGCKYGBgYGR" +
      "gYmIAkCxCD+ExgkhlMsoBJBQbzFHMjYzPT1CRLC2MTC1NjS/NU41TjNMsUEzODpJSURC4GIwsLI2MTQyNzY5BZEJM4GUpSi0viS4tTiwAipyp4",
  },
];

export const KNOWN_006: readonly KnownAnswer006[] = [
  {
    source: "nodejs/test/AccessTokenTest.js:24, go/src/AccessToken/AccessToken_test.go:12",
    token: {
      appId: APP_ID,
      channelText: CHANNEL,
      userText: String(UID),
      salt: 1,
      expiresAt: 1111111,
      privileges: new Map([[1, 1446455471]]),
    },
    text: "006970CA35de60c44645bbae8a215061b33IACV0fZUBw+72cVoL9eyGGh3Q6Poi8bgjwVLnyKSJyOXR7dIfRBXoFHlEAABAAAAR/QQAAEAAQCvKDdW",
  },
];
