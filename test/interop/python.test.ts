import { testQuickStart } from "./quick-start.ts";

testQuickStart({
  name: "Python",
  folder: "python",
  needs: ["python3"],
  generator: "build/venv/bin/pip freeze | grep grpcio-tools",
  parser: "agoraiotools AccessToken2",
});
