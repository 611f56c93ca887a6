/** The name of a method by its path: `BuildToken` of `/agora.token.v1.TokenService/BuildToken`. */
export function methodName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
