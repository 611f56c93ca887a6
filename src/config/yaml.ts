import type { CST, ErrorCode, Node } from "yaml";
import { Composer, type Document, isScalar, LineCounter, Parser } from "yaml";
import type { Place } from "./problems.ts";

/** How deep lists and mappings may lie in each other. The configuration needs 8. */
const DEEPEST = 32;

const EMPTY = "the file is empty: it needs `projects`";

/** A YAML text as nodes. */
export interface Tree {
  /** What the text consists of. */
  readonly root: Node;
  /** The place of an offset in the text. */
  readonly placeAt: (offset: number) => Place;
}

/** A mistake in the text itself. */
export interface SyntaxProblem {
  readonly place: Place;
  readonly message: string;
}

/**
 * Reads one YAML 1.2 document with the core schema and nothing else: directives, further documents and deep
 * nesting are refused. Keys may still be there twice, and anchors, aliases and tags are still nodes.
 */
export function parseYaml(text: string): Tree | readonly SyntaxProblem[] {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const deep = tooDeep(tokens);
  if (deep !== undefined) return [{ place: placeAt(deep), message: MISTAKES.RESOURCE_EXHAUSTION }];
  const [document, second] = compose(tokens, text.length);
  const problems = document === undefined ? [] : mistakes(document, placeAt);
  if (second !== undefined) problems.push({ place: placeAt(second.range[0]), message: MISTAKES.MULTIPLE_DOCS });
  if (problems.length > 0) return firstOfEachLine(problems);
  const root = document?.contents;
  if (!root || (isScalar(root) && root.value === null)) return [{ place: { line: 1, column: 1 }, message: EMPTY }];
  return { root, placeAt };
}

function compose(tokens: Iterable<CST.Token>, length: number): Document.Parsed[] {
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    // The library compares each key with each other; the reader of mappings has a faster way, and better words.
    uniqueKeys: false,
    prettyErrors: false,
  });
  return [...composer.compose(tokens, true, length)];
}

function mistakes(document: Document.Parsed, placeAt: Tree["placeAt"]): SyntaxProblem[] {
  const problems = [...document.errors, ...document.warnings]
    // A tag is reported by the reader of the node, with its path.
    .filter(({ code }) => code !== "TAG_RESOLVE_FAILED")
    .map(({ code, pos }) => ({ place: placeAt(pos[0]), message: MISTAKES[code] }));
  const { yaml, tags } = document.directives;
  if (yaml.explicit || Object.keys(tags).length > 1) {
    problems.unshift({ place: { line: 1, column: 1 }, message: MISTAKES.BAD_DIRECTIVE });
  }
  return problems;
}

// One mistake makes the library stumble over all that follows in the line.
function firstOfEachLine(problems: readonly SyntaxProblem[]): SyntaxProblem[] {
  const inOrder = problems.toSorted((a, b) => a.place.line - b.place.line);
  return inOrder.filter(({ place }, i) => place.line !== inOrder[i - 1]?.place.line);
}

// The library composes by recursion, and where the stack ends in the wrong spot the process dies with it.
function tooDeep(tokens: readonly CST.Token[]): number | undefined {
  let level: CST.Token[] = [...tokens];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return level[0]?.offset ?? 0;
    level = level.flatMap(childrenOf);
  }
  return undefined;
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === "document") return token.value === undefined ? [] : [token.value];
  if (!("items" in token)) return [];
  return token.items.flatMap((item) => [item.key, item.value].filter((part) => part != null));
}

/** The mistakes of a YAML text in our words, since those of the library repeat the text. */
const MISTAKES: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: "an alias cannot have an anchor or a tag",
  BAD_ALIAS: "anchors and aliases are not supported: write the value out",
  BAD_COLLECTION_TYPE: "tags are not supported: leave it out",
  BAD_DIRECTIVE: "directives (lines with %) are not supported: leave them out",
  BAD_DQ_ESCAPE: "there is no such escape in double quotes: write \\\\ for a backslash",
  BAD_INDENT: "the indentation does not fit to what is above, or a bracket is not closed",
  BAD_PROP_ORDER: "an anchor or a tag is in the wrong spot",
  BAD_SCALAR_START: "a value cannot begin with this character unless it is quoted",
  BLOCK_AS_IMPLICIT_KEY: "a second key on the line, or the indentation is too deep: quote a value that has `: ` in it",
  BLOCK_IN_FLOW: "inside brackets, a list or a mapping needs brackets too, and a lone - needs quotes",
  DUPLICATE_KEY: "the key is there twice",
  IMPOSSIBLE: "this is not YAML",
  KEY_OVER_1024_CHARS: "a key is too long",
  MISSING_CHAR: "something is missing here: a closing quote or bracket, a comma, or the blank after `:` or `-`",
  MULTILINE_IMPLICIT_KEY: "a key must be on one line: is a `:` missing, or the indentation too deep?",
  MULTIPLE_ANCHORS: "anchors and aliases are not supported: write the value out",
  MULTIPLE_DOCS: "a second document begins here",
  MULTIPLE_TAGS: "tags are not supported: leave it out",
  NON_STRING_KEY: "a key must be a plain word",
  RESOURCE_EXHAUSTION: "lists and mappings are nested too deep",
  TAB_AS_INDENT: "tabs cannot indent: use blanks",
  TAG_RESOLVE_FAILED: "tags are not supported: leave it out",
  UNEXPECTED_TOKEN: "this does not belong here: check the brackets, quotes and indentation before it",
};
