import { expect, test } from "vitest";
import { wireSpelling } from "../../src/token/spelling.ts";

test("names are spelled as in the contract", () => {
  expect(["rtc", "convoAi", "publishAudioStream"].map(wireSpelling)).toEqual([
    "rtc",
    "convo_ai",
    "publish_audio_stream",
  ]);
});
