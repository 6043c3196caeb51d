import { commonErrors } from "../common-errors.js";
import type { Contract, Operation, OutputFile, Property, Shape, TypeDef } from "../contract.js";
import { resolveShape, typeMap } from "../lower.js";
import { pascalCase } from "../names.js";
import { constantName } from "./sdk-python-operations.js";
import { PythonFile, pythonName, pythonString } from "./sdk-python-printer.js";
import { typesModule } from "./sdk-python-types.js";

const calls = "..._runtime.calls";

/** `resources/<plane>.py`: a sync and an async class whose methods are one expression each. */
export function printResources(contract: Contract, folder: string): OutputFile[] {
  const planes = contract.planes
    .map(({ name }) => name)
    .filter((plane) => contract.operations.some((one) => one.plane === plane));
  return [
    ...planes.map((plane) => new ResourceModule(contract, folder, plane).print()),
    printPlanes(planes, folder),
  ];
}

/** `resources/planes.py`: what a client has one attribute per plane of; a plane loads when it is used. */
function printPlanes(planes: string[], folder: string): OutputFile {
  const file = new PythonFile(`${folder}/resources/planes.py`, "schemas/*/*.json", "The planes of a client.");
  for (const prefix of ["", "Async"]) {
    const type = file.importType(`${prefix}Calls`, calls);
    file.print();
    file.block(`class ${prefix}Planes:`, () => {
      file.doc("One attribute per plane.");
      file.print();
      file.print(`_calls: ${type}`);
      for (const plane of planes) {
        const name = prefix + pascalCase(plane);
        file.importType(name, `.${plane}`);
        file.print();
        file.print(`@${file.import("cached_property", "functools")}`);
        file.block(`def ${plane}(self) -> ${name}:`, () => {
          file.doc(`The operations of the plane \`${plane}\`.`);
          file.print(`from .${plane} import ${name}`);
          file.print();
          file.print(`return ${name}(self._calls)`);
        });
      }
    });
    file.print();
  }
  return file.toOutput();
}

class ResourceModule {
  readonly #contract: Contract;
  readonly #plane: string;
  readonly #types: ReadonlyMap<string, TypeDef>;
  readonly #file: PythonFile;

  constructor(contract: Contract, folder: string, plane: string) {
    this.#contract = contract;
    this.#plane = plane;
    this.#types = typeMap(contract);
    const path = `${folder}/resources/${plane}.py`;
    this.#file = new PythonFile(path, `schemas/${plane}/*.json`, `The operations of the plane \`${plane}\`.`);
  }

  print(): OutputFile {
    this.#class(false);
    this.#class(true);
    return this.#file.toOutput();
  }

  #class(isAsync: boolean): void {
    const file = this.#file;
    const prefix = isAsync ? "Async" : "";
    const name = prefix + pascalCase(this.#plane);
    const type = file.importType(`${prefix}Calls`, calls);
    const own = this.#contract.operations.filter(({ plane }) => plane === this.#plane);
    const root = this.#contract.planes.find(({ name }) => name === this.#plane)?.root ?? [];
    const shared = own.filter(({ verb }) => root.includes(verb));
    if (shared.length > 0) {
      file.print();
      file.block(`class ${name}Root:`, () => {
        file.doc(`The operations of \`${this.#plane}\` that a client also has on itself.`);
        file.print();
        file.print("__slots__ = ()");
        file.print();
        file.print(`_calls: ${type}`);
        for (const operation of shared) this.#method(operation, isAsync);
      });
      file.print();
    }
    file.print();
    file.block(shared.length > 0 ? `class ${name}(${name}Root):` : `class ${name}:`, () => {
      file.doc(`The operations of the plane \`${this.#plane}\`${isAsync ? ", awaited" : ""}.`);
      file.print();
      file.print('__slots__ = ("_calls",)');
      file.print();
      file.block(`def __init__(self, calls: ${type}) -> None:`, () => file.print("self._calls = calls"));
      file.print();
      file.print("@property");
      file.block(`def with_raw_response(self) -> ${file.importType("Any", "typing")}:`, () => {
        file.doc("The same operations, each answering with a `RawResponse` instead of its result.");
        file.print("return type(self)(self._calls.raw())");
      });
      for (const operation of own) if (!shared.includes(operation)) this.#method(operation, isAsync);
    });
    file.print();
  }

  #method(operation: Operation, isAsync: boolean): void {
    const file = this.#file;
    const { idempotency, kind, summary, errors, origin, verb, deprecated } = operation;
    const shape = resolveShape(this.#types, { kind: "ref", name: operation.request });
    const request = file.import(constantName(operation), "..operations");
    const { positional, named, argument } = this.#request(operation, shape);
    const isField = (option: string): boolean =>
      named.some((name) => name.startsWith(option.replace(/:.*/, ":")));
    // A field of the same name takes the option's place.
    const options = [
      "timeout: float | None = None",
      `headers: ${this.#mapping()}[str, str] | None = None`,
      ...(idempotency === "keyed" ? ["idempotency_key: str | None = None"] : []),
      "session: str | None = None",
      ...(kind === "stream" ? ["idle_timeout: float | None = None"] : []),
    ].filter((option) => !isField(option));
    const passed = options
      .map((option) => option.slice(0, option.indexOf(":")))
      .map((name) => `${name}=${name}`);
    const own = errors.filter((code) => !commonErrors.includes(code));
    const parameters = ["self", ...positional, "*", ...named, ...options];
    file.print();
    file.print(`${isAsync && kind === "unary" ? "async " : ""}def ${verb}(`);
    for (const parameter of parameters) file.print(`    ${parameter},`);
    file.block(`) -> ${this.#result(operation, isAsync)}:`, () => {
      file.doc(
        summary,
        own.length === 0
          ? ""
          : `Errors besides the common ones: ${own.map((code) => `\`${code}\``).join(", ")}.`,
        deprecated === null ? "" : `Deprecated: ${deprecated}`,
        `Generated from ${origin}.`,
      );
      const head = `return ${isAsync && kind === "unary" ? "await " : ""}self._calls.${kind}(`;
      file.list(head, [request, argument, ...passed], ")");
    });
  }

  /** A union is passed as it is; an object's fields become keyword arguments. */
  #request(operation: Operation, shape: Shape): { positional: string[]; named: string[]; argument: string } {
    const file = this.#file;
    if (shape.kind !== "object") {
      const type = this.#type(operation.request);
      return {
        positional: [`request: ${type} | ${this.#mapping()}[str, Any]`, "/"],
        named: [],
        argument: "request",
      };
    }
    const ordered = [...shape.properties].sort((a, b) => Number(b.required) - Number(a.required));
    const named = ordered.map((property) => this.#parameter(operation, property));
    if (ordered.length === 0) return { positional: [], named, argument: "{}" };
    const present = file.import("present", calls);
    const items = ordered.map(({ name }) => `${pythonString(name)}: ${pythonName(name)}`);
    return { positional: [], named, argument: `${present}({${items.join(", ")}})` };
  }

  #parameter(operation: Operation, { name, required, shape }: Property): string {
    const type = this.#parameterType(operation, shape);
    if (required) return `${pythonName(name)}: ${type}`;
    const unset = this.#file.import("UNSET", calls);
    return `${pythonName(name)}: ${type} | ${this.#file.importType("Unset", calls)} = ${unset}`;
  }

  #parameterType(operation: Operation, shape: Shape): string {
    switch (shape.kind) {
      case "string": {
        if (shape.enum === undefined || shape.open === true) return "str";
        return `${this.#file.importType("Literal", "typing")}[${shape.enum.map(pythonString).join(", ")}]`;
      }
      case "integer":
        return "int";
      case "boolean":
        return "bool";
      case "array":
        return `${this.#file.importType("Sequence", "collections.abc")}[${this.#parameterType(operation, shape.items)}]`;
      case "map":
        return `${this.#mapping()}[str, ${this.#parameterType(operation, shape.values)}]`;
      case "object":
        return `${this.#mapping()}[str, Any]`;
      case "ref": {
        const target = resolveShape(this.#types, shape);
        if (target.kind !== "object" && target.kind !== "union")
          return this.#parameterType(operation, target);
        return `${this.#type(shape.name)} | ${this.#mapping()}[str, Any]`;
      }
      default:
        return this.#file.importType("Any", "typing");
    }
  }

  #result({ kind, response, stream }: Operation, isAsync: boolean): string {
    if (kind === "unary") return this.#type(response);
    const event = this.#contract.events.find(({ id }) => id === stream?.event)?.payload ?? "";
    const name = isAsync ? "AsyncEventStream" : "EventStream";
    const module = isAsync ? "async_stream" : "sync_stream";
    return `${this.#file.importType(name, `..._runtime.${module}`)}[${this.#type(event)}, ${this.#type(response)}]`;
  }

  #type(name: string): string {
    const module = this.#types.get(name)?.module ?? "";
    return this.#file.importType(name, `..types.${typesModule(module)}`);
  }

  #mapping(): string {
    this.#file.importType("Any", "typing");
    return this.#file.importType("Mapping", "collections.abc");
  }
}
