import type { DescService } from "@bufbuild/protobuf";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { file_google_rpc_status } from "../../gen/google/rpc/status_pb.ts";
import type * as v1 from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import type * as v1alpha from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import type { Implementation } from "../rpc/definition.ts";
import { Status } from "../rpc/status.ts";
import { type Descriptors, describeFiles, type FileWithImports } from "./descriptors.ts";

/** Both versions of the service: they say the same, and differ in their names alone. */
export type ReflectionApi = Implementation<typeof v1.ServerReflection> &
  Implementation<typeof v1alpha.ServerReflection>;

type Question = v1.ServerReflectionRequest | v1alpha.ServerReflectionRequest;

/** A response of the version that its question is of. */
interface Answered<Q extends Question> {
  validHost: string;
  originalRequest: Q;
  messageResponse: Answer;
}

/** What answers a question, in either version. */
type Answer =
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: "allExtensionNumbersResponse"; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: "errorResponse"; value: { errorCode: number; errorMessage: string } };

// Errors carry them in a trailer, so no service imports them. Tools ask for them by name, to show an error.
const ERROR_FILES = [file_google_rpc_status, file_google_rpc_error_details];

/**
 * `grpc.reflection.v1.ServerReflection`, and the same in v1alpha. What cannot be answered is answered with
 * an error, and the stream goes on.
 *
 * @param services are listed. Their files are described, what those import, and nothing else
 */
export function reflectionApi(services: readonly DescService[]): ReflectionApi {
  const names = services.map(({ typeName }) => typeName);
  // Made when first asked for: it takes a tenth of a start, and few ask.
  let described: Descriptors | undefined;
  const known = () => {
    described ??= describeFiles([...services.map(({ file }) => file), ...ERROR_FILES]);
    return described;
  };
  return {
    // One answer at a time: a client that does not read its answers is not listened to.
    async *serverReflectionInfo<Q extends Question>(questions: AsyncIterable<Q>): AsyncGenerator<Answered<Q>, void> {
      for await (const question of questions) {
        const messageResponse = answerTo(question.messageRequest, names, known());
        yield { validHost: question.host, originalRequest: question, messageResponse };
      }
    },
  };
}

function answerTo(question: Question["messageRequest"], services: readonly string[], known: Descriptors): Answer {
  switch (question.case) {
    case "listServices":
      return { case: "listServicesResponse", value: { service: services.map((name) => ({ name })) } };
    case "fileByFilename":
      return fileAnswer(known.files.get(question.value), "no file of this path");
    case "fileContainingSymbol":
      return fileAnswer(known.symbols.get(question.value), "no symbol of this name");
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      return fileAnswer(known.extensions.get(containingType)?.get(extensionNumber), "no extension of this number");
    }
    case "allExtensionNumbersOfType":
      return numbersAnswer(question.value, known.extensions.get(question.value));
    case undefined:
      return errorAnswer(Status.INVALID_ARGUMENT, "the request asks nothing: set one field of message_request");
  }
}

function fileAnswer(file: FileWithImports | undefined, otherwise: string): Answer {
  if (file === undefined) return notFound(otherwise);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: [...file] } };
}

function numbersAnswer(baseTypeName: string, extensions: ReadonlyMap<number, FileWithImports> | undefined): Answer {
  if (extensions === undefined) return notFound("no message of this name");
  const extensionNumber = [...extensions.keys()].sort((a, b) => a - b);
  return { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber } };
}

// The question itself is in the answer, so the message has no need to repeat it.
function notFound(what: string): Answer {
  return errorAnswer(
    Status.NOT_FOUND,
    `there is ${what} in the services that list_services tells, and what they import`,
  );
}

function errorAnswer(errorCode: Status, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
