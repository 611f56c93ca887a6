import { testQuickStart } from "./quick-start.ts";

testQuickStart({
  name: "Java",
  folder: "java",
  needs: ["java", "mvn"],
  generator: "ls build/protoc-plugins | sed -E 's/-linux.*//'",
  parser: "io.agora:authentication AccessToken2",
});
