/** The name of a method by its path: `BuildToken` of `/agora.token.v1.TokenService/BuildToken`. */
export function methodName(path: string): string {
  const known = names.get(path);
  if (known !== undefined) return known;
  const name = path.slice(path.lastIndexOf("/") + 1);
  names.set(path, name);
  return name;
}

// The paths are those of methods that there are: one of each, not one for each call.
const names = new Map<string, string>();
