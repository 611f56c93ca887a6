import { testQuickStart } from "./quick-start.ts";

testQuickStart({
  name: "Go",
  folder: "go",
  needs: ["go"],
  generator: "go tool protoc-gen-go --version; go tool protoc-gen-go-grpc --version",
  parser: "AgoraIO/Tools accesstoken2",
});
