import { testQuickStart } from "./quick-start.ts";

testQuickStart({
  name: "C++",
  folder: "cpp",
  needs: ["g++", "cmake", "protoc", "grpc_cpp_plugin"],
  generator: "protoc --version; echo grpc_cpp_plugin",
  parser: "agora-token AccessToken2",
  parserOf: "Node.js",
});
