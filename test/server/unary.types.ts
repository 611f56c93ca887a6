// What must not compile: a middleware that stands before what it needs. Checked by `npm run types`.

import { createServer } from "nice-grpc";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import type { tokenApi } from "../../src/api/token-api.ts";
import { define } from "../../src/rpc/definition.ts";
import { admit } from "../../src/server/middleware/admit.ts";
import { answer } from "../../src/server/middleware/answer.ts";
import { caller } from "../../src/server/middleware/caller.ts";
import { requestId } from "../../src/server/middleware/request-id.ts";
import { Unary } from "../../src/server/middleware/unary.ts";

declare const snapshot: Parameters<typeof admit>[0];
declare const report: Parameters<typeof answer>[0];
declare const api: ReturnType<typeof tokenApi>;

const named = new Unary().step(requestId());
const known = named.step(caller());
export const admitted = known.around(answer(report)).step(admit(snapshot));

createServer().with(admitted.middleware()).add(define(TokenService), api);
// @ts-expect-error the methods need what `admit` adds
createServer().with(known.middleware()).add(define(TokenService), api);
// @ts-expect-error `admit` needs a caller
named.step(admit(snapshot));
// @ts-expect-error `answer` needs a caller
named.around(answer(report));
// @ts-expect-error `answer` needs a request ID
new Unary().step(caller()).around(answer(report));
