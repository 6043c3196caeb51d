import type {
  Contract,
  ObjectShape,
  OutputFile,
  Property,
  Shape,
  StringShape,
  TypeDef,
} from "../contract.js";
import { refsOf } from "../lower.js";
import { pascalCase } from "../names.js";
import { shownOn } from "../surface-values.js";
import { PythonFile, pythonName, pythonPattern, pythonString, pythonWidth } from "./sdk-python-printer.js";
import { moduleSource } from "./type-files.js";

const runtime = "..._runtime.model";

/** `types/<module>.py`: pydantic models, one module per plane besides `common` and `agent_event`. */
export function printTypes(contract: Contract, folder: string): OutputFile[] {
  const modules = [...new Set(contract.types.map(({ module }) => module))].sort();
  return modules.map((module) => new TypesModule(contract, folder, module).print());
}

/** Python module that holds a contract module's types. */
export function typesModule(module: string): string {
  return module.replaceAll("-", "_");
}

class TypesModule {
  readonly #module: string;
  readonly #types: ReadonlyMap<string, TypeDef>;
  readonly #file: PythonFile;
  readonly #done = new Set<string>();

  constructor(contract: Contract, folder: string, module: string) {
    this.#module = module;
    this.#types = new Map(contract.types.map((type) => [type.name, type]));
    const path = `${folder}/types/${typesModule(module)}.py`;
    this.#file = new PythonFile(path, moduleSource(module), `Types of \`${module}\`.`);
  }

  print(): OutputFile {
    for (const type of this.#types.values()) if (type.module === this.#module) this.#visit(type);
    return this.#file.toOutput();
  }

  /** Prints what the type needs, then the type. */
  #visit(type: TypeDef): void {
    if (this.#done.has(type.name)) return;
    this.#done.add(type.name);
    for (const name of refsOf(type.shape)) {
      const other = this.#types.get(name);
      if (other?.module === this.#module) this.#visit(other);
    }
    if (type.shape.kind === "object") this.#class(type.name, type.description, type.origin, type.shape);
    else this.#alias(type);
  }

  #alias({ name, description, origin, shape }: TypeDef): void {
    const alias = this.#file.import("TypeAlias", "typing");
    // Outside a model no configuration makes a boolean strict.
    const text = this.#text(shape, name, () => this.#file.import("StrictBool", "pydantic"));
    const head = `${name}: ${alias} = `;
    this.#file.print();
    if (head.length + text.length <= pythonWidth || shape.kind !== "union")
      this.#file.print(`${head}${text}`);
    else {
      const { members, marker } = this.#union(shape);
      this.#file.block(`${head}${this.#file.import("Annotated", "typing")}[`, () => {
        members.forEach((member, index) => {
          this.#file.print(`${index === 0 ? "" : "| "}${member}${index === members.length - 1 ? "," : ""}`);
        });
        this.#file.print(`${marker},`);
      });
      this.#file.print("]");
    }
    this.#file.doc(description, `Generated from ${origin}.`);
    this.#file.print();
  }

  #class(name: string, description: string, origin: string, shape: ObjectShape): void {
    const inner = shape.properties.filter(({ shape }) => shape.kind === "object");
    for (const { name: field, description, shape } of inner)
      if (shape.kind === "object") this.#class(name + pascalCase(field), description, origin, shape);
    const tag = shape.properties.find(({ name, shape }) => name === "kind" && constOf(shape) !== undefined);
    const base = this.#file.import(shape.open ? "OpenModel" : "ClosedModel", runtime);
    this.#file.print();
    this.#file.block(`class ${name}(${base}):`, () => {
      this.#file.doc(description, `Generated from ${origin}.`);
      if (tag !== undefined) {
        this.#file.print();
        const type = this.#file.import("ClassVar", "typing");
        this.#file.print(`TAG: ${type}[str] = ${pythonString(constOf(tag.shape) ?? "")}`);
      }
      const fields = shape.properties.map(({ name }) => name).filter((name) => pythonName(name) !== name);
      if (fields.length > 0) {
        const type = this.#file.import("ClassVar", "typing");
        const renamed = fields.map((wire) => `${pythonString(pythonName(wire))}: ${pythonString(wire)}`);
        this.#file.print();
        this.#file.print(`RENAMED: ${type}[dict[str, str]] = {${renamed.join(", ")}}`);
      }
      for (const property of shape.properties) this.#field(name, property);
    });
    this.#file.print();
  }

  #field(owner: string, property: Property): void {
    const { name, required, shape } = property;
    const text = this.#text(shape, owner + pascalCase(name));
    const renamed = pythonName(name) !== name ? [`alias=${pythonString(name)}`] : [];
    const tag = name === "kind" && constOf(shape) !== undefined ? ["init=False"] : [];
    const nullable = shape.kind === "json" || (shape.kind === "ref" && this.#isJson(shape.name));
    const wrap = !required && !nullable;
    const type = wrap
      ? `${this.#file.import("Annotated", "typing")}[${text} | None, ${this.#file.import("OPTIONAL", runtime)}]`
      : text;
    const options = [...(required ? [] : ["default=None"]), ...renamed, ...tag];
    const plain = required ? "" : " = None";
    const value =
      renamed.length + tag.length > 0
        ? ` = ${this.#file.import("Field", "pydantic")}(${options.join(", ")})`
        : plain;
    this.#file.print();
    this.#file.print(`${pythonName(name)}: ${type}${value}`);
    const fallback = property.default === undefined ? "" : `Default: ${JSON.stringify(property.default)}.`;
    const { description } = shownOn(property, null);
    if (description !== "" || fallback !== "") this.#file.doc(description, fallback);
  }

  #isJson(name: string): boolean {
    const shape = this.#types.get(name)?.shape;
    return shape?.kind === "json" || (shape?.kind === "ref" && this.#isJson(shape.name));
  }

  /** The shape as a type expression; `name` is what an inline object is called, `boolean` gives a boolean's type. */
  #text(shape: Shape, name: string, boolean = () => "bool"): string {
    const annotated = (type: string, ...marks: string[]): string =>
      `${this.#file.import("Annotated", "typing")}[${type}, ${marks.join(", ")}]`;
    switch (shape.kind) {
      case "string":
        return this.#string(shape);
      case "integer": {
        const mark = this.#file.import("Integer", runtime);
        return annotated("int", `${mark}(${shape.minimum}, ${shape.maximum})`);
      }
      case "boolean":
        return boolean();
      case "json":
        return this.#file.import("Any", "typing");
      case "array": {
        const bounds = [
          ...(shape.minItems > 0 ? [`min_length=${shape.minItems}`] : []),
          `max_length=${shape.maxItems}`,
        ];
        const mark = this.#file.import("Field", "pydantic");
        return annotated(
          `list[${this.#text(shape.items, `${name}Item`, boolean)}]`,
          `${mark}(${bounds.join(", ")})`,
        );
      }
      case "map": {
        const mark = this.#file.import("Field", "pydantic");
        const key = this.#string({
          kind: "string",
          pattern: shape.keyPattern,
          maxLength: shape.keyMaxLength,
        });
        const values = this.#text(shape.values, `${name}Value`, boolean);
        return annotated(`dict[${key}, ${values}]`, `${mark}(max_length=${shape.maxProperties})`);
      }
      case "object":
        return name;
      case "union": {
        const { members, marker } = this.#union(shape);
        return annotated(members.join(" | "), marker);
      }
      case "ref":
        return this.#reference(shape.name);
    }
  }

  #union(shape: Extract<Shape, { kind: "union" }>): { members: string[]; marker: string } {
    const members = shape.variants.map(({ type }) => this.#reference(type));
    if (!shape.open) return { members, marker: `${this.#file.import("CLOSED_UNION", runtime)}` };
    members.push(this.#file.import("Unknown", runtime));
    return { members, marker: this.#file.import("OPEN_UNION", runtime) };
  }

  #reference(name: string): string {
    const module = this.#types.get(name)?.module;
    if (module !== undefined && module !== this.#module) this.#file.import(name, `.${typesModule(module)}`);
    return name;
  }

  #string(shape: StringShape): string {
    const literal = shape.const !== undefined ? [shape.const] : shape.enum;
    if (literal !== undefined) {
      const type = `${this.#file.import("Literal", "typing")}[${literal.map(pythonString).join(", ")}]`;
      // A value that only a newer peer knows may be longer than those known here.
      return shape.open === true ? `${type} | ${this.#string({ kind: "string", maxLength: 256 })}` : type;
    }
    const bounds = [
      ...(shape.pattern === undefined ? [] : [`pattern=${pythonPattern(shape.pattern)}`]),
      ...(shape.minLength === undefined || shape.minLength === 0 ? [] : [`min_length=${shape.minLength}`]),
      `max_length=${shape.maxLength}`,
    ];
    const mark = this.#file.import("StringConstraints", "pydantic");
    return `${this.#file.import("Annotated", "typing")}[str, ${mark}(${bounds.join(", ")})]`;
  }
}

function constOf(shape: Shape): string | undefined {
  return shape.kind === "string" ? shape.const : undefined;
}
