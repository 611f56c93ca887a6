import { create, type DescField, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";
import type { Place, Report } from "./problems.ts";
import { isDuration, type Read, readDuration, readerOf } from "./scalars.ts";
import { didYouMean, nearest, quoted } from "./suggest.ts";
import { expectedOf, keysOf } from "./words.ts";
import type { Tree } from "./yaml.ts";

type ListField = DescField & { fieldKind: "list" };
type Entry = Pair<Node, Node | null>;
type Mapping = YAMLMap<Node, Node | null>;

const ANCHORED = "anchors and aliases are not supported: write the value out";
const TAGGED = "tags are not supported: leave it out";
const NO_VALUE = "has no value: leave it out, or give it a value";

/**
 * Turns a YAML tree into a message, along its descriptor. What is wrong goes to the report and is left out of the
 * message, so that all of the rest is still checked.
 */
export function readMessage<Desc extends DescMessage>(schema: Desc, tree: Tree, report: Report): MessageShape<Desc> {
  const message = create(schema);
  new MessageReader(tree.placeAt, report).read(tree.root, reflect(schema, message));
  return message;
}

class MessageReader {
  readonly #placeAt: Tree["placeAt"];
  readonly #report: Report;

  constructor(placeAt: Tree["placeAt"], report: Report) {
    this.#placeAt = placeAt;
    this.#report = report;
  }

  read(root: Node, into: ReflectMessage): void {
    this.#report.locate("", this.#placeOf(root));
    const map = this.#map("", root, `a mapping with keys such as ${into.desc.fields[0]?.name}`);
    if (map !== undefined) this.#mapping("", map, into);
  }

  #mapping(path: string, map: Mapping, into: ReflectMessage): void {
    const fields = new Map(into.fields.map((field) => [field.name, field]));
    const lines = new Map<string, number>();
    for (const entry of map.items) {
      const name = this.#name(path, entry.key);
      if (name === undefined) continue;
      const place = this.#placeOf(entry.key);
      const first = lines.get(name);
      const field = fields.get(name);
      if (field === undefined) this.#unknown(path, name, place, into.desc, map);
      else if (first === undefined) this.#entry(join(path, name), field, entry, into);
      else this.#report.add(join(path, name), `the key is there twice, first in line ${first}`, place);
      lines.set(name, first ?? place.line);
    }
  }

  #name(path: string, key: Node): string | undefined {
    const at = join(path, "?");
    if (!this.#isPlain(at, key)) return undefined;
    if (isScalar(key) && typeof key.value === "string") return key.value;
    return this.#refuse(at, "a key must be a plain word", this.#placeOf(key));
  }

  #unknown(path: string, name: string, place: Place, { fields }: DescMessage, { items }: Mapping): void {
    const shown = quoted(name);
    const written = new Set(items.map(({ key }) => isScalar(key) && key.value));
    const open = fields.map((field) => field.name).filter((known) => !written.has(known));
    const meant = nearest(name, open);
    // What was meant is not missing: it is misspelt.
    if (meant !== undefined) this.#report.excuse(join(path, meant));
    const unknown = `unknown key${shown && ` ${shown}`}${didYouMean(name, open)}`;
    const message = name === "<<" ? "merge keys are not supported: write the keys out" : unknown;
    this.#report.add(join(path, shown === "" ? "?" : name), message, place);
  }

  #entry(path: string, field: DescField, { key, value }: Entry, into: ReflectMessage): void {
    const empty = isEmpty(value);
    this.#report.locate(path, this.#placeOf(isScalar(value) && !empty ? value : key));
    if (empty) this.#report.add(path, `${NO_VALUE}; it must be ${expectedOf(field)}`);
    else if (field.fieldKind === "list") this.#list(path, field, value, into.get(field));
    else {
      const read = this.#value(path, field, value);
      if (read !== undefined) into.set(field, read);
    }
  }

  #value(path: string, field: DescField, node: Node): unknown {
    if (field.fieldKind === "scalar") return this.#scalar(path, node, readerOf(field.scalar), expectedOf(field));
    if (field.fieldKind !== "message") throw new Error(`no reader for ${field.toString()}`);
    if (isDuration(field)) return this.#scalar(path, node, readDuration, expectedOf(field));
    const map = this.#map(path, node, expectedOf(field));
    if (map === undefined) return undefined;
    const inner = reflect(field.message);
    this.#mapping(path, map, inner);
    return inner;
  }

  #list(path: string, field: ListField, node: Node, into: ReflectList): void {
    if (!this.#isPlain(path, node)) return;
    if (isSeq<Node | null>(node)) {
      node.items.forEach((item, index) => {
        // An element that cannot be read leaves a blank one, so that the others keep their number.
        into.add(this.#element(`${path}[${index}]`, field, item));
      });
      return;
    }
    const hint = isScalar(node) ? ": put the value in [ ]" : ": begin each element with -";
    this.#report.add(path, `must be ${expectedOf(field)}${hint}`);
  }

  #element(path: string, field: ListField, item: Node | null): unknown {
    if (item !== null) this.#report.locate(path, this.#placeOf(item));
    if (isEmpty(item)) this.#report.add(path, NO_VALUE);
    if (field.listKind === "message") {
      const inner = reflect(field.message);
      const map = isEmpty(item)
        ? undefined
        : this.#map(path, item, `a mapping with the keys ${keysOf(field.message, "and")}`);
      if (map !== undefined) this.#mapping(path, map, inner);
      return inner;
    }
    if (field.listKind !== "scalar") throw new Error(`no reader for ${field.toString()}`);
    const read = isEmpty(item) ? undefined : this.#scalar(path, item, readerOf(field.scalar), "a string");
    return read ?? "";
  }

  #scalar(path: string, node: Node, read: (node: Scalar) => Read, expected: string): unknown {
    if (!this.#isPlain(path, node)) return undefined;
    const outcome = isScalar(node) ? read(node) : { hint: "" };
    if ("value" in outcome) return outcome.value;
    return this.#refuse(path, `must be ${expected}${outcome.hint && `; ${outcome.hint}`}`);
  }

  #map(path: string, node: Node, expected: string): Mapping | undefined {
    if (!this.#isPlain(path, node)) return undefined;
    return isMap<Node, Node | null>(node) ? node : this.#refuse(path, `must be ${expected}`);
  }

  /** Whether a node has nothing that only YAML knows: it is no alias, and has neither anchor nor tag. */
  #isPlain(path: string, node: Node): boolean {
    const anchored = isAlias(node) || node.anchor !== undefined;
    if (anchored || node.tag !== undefined) this.#report.add(path, anchored ? ANCHORED : TAGGED, this.#placeOf(node));
    return !anchored && node.tag === undefined;
  }

  #refuse(path: string, message: string, place?: Place): undefined {
    this.#report.add(path, message, place);
    return undefined;
  }

  #placeOf(node: Node): Place {
    return this.#placeAt(node.range?.[0] ?? 0);
  }
}

function isEmpty(node: Node | null): node is null {
  return node === null || (isScalar(node) && node.value === null);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
