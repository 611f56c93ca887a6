import { testQuickStart } from "./quick-start.ts";

testQuickStart({
  name: "Node.js",
  folder: "node",
  needs: ["node"],
  generator: "npm ls --parseable --long @grpc/proto-loader | sed -E 's/.*://'",
  parser: "agora-token AccessToken2",
});
