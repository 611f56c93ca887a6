import { PHP_EXTENSION } from "./harness.ts";
import { testQuickStart } from "./quick-start.ts";

testQuickStart({
  name: "PHP",
  folder: "php",
  needs: ["php", "protoc", "grpc_php_plugin", PHP_EXTENSION],
  generator: "protoc --version; echo grpc_php_plugin",
  parser: "agora-token AccessToken2",
  parserOf: "Node.js",
});
