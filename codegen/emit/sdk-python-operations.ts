import type { Contract, Operation, OutputFile } from "../contract.js";
import { PythonFile, pythonLiteral, pythonString } from "./sdk-python-printer.js";
import { typesModule } from "./sdk-python-types.js";

/** `operations.py`: everything that the runtime needs to know of each operation. */
export function printOperations(contract: Contract, folder: string): OutputFile {
  const file = new PythonFile(
    `${folder}/operations.py`,
    "schemas/*/*.json",
    "What the runtime knows of operations.",
  );
  const operation = file.import("Operation", ".._runtime.operation");
  for (const one of contract.operations) {
    file.print();
    file.list(`${constantName(one)} = ${operation}(`, fields(file, contract, one), ")");
  }
  file.print();
  const names = contract.operations.map(constantName);
  file.print(`OPERATIONS: dict[str, ${operation}] = {`);
  contract.operations.forEach(({ id }, index) => {
    file.print(`    ${pythonString(id)}: ${names[index]},`);
  });
  file.print("}");
  file.doc("Every operation by its id.");
  return file.toOutput();
}

/** `comms.send` becomes `COMMS_SEND`. */
export function constantName({ id }: Operation): string {
  return id.replaceAll(".", "_").toUpperCase();
}

function fields(file: PythonFile, contract: Contract, operation: Operation): string[] {
  const type = (name: string): string => {
    const module = contract.types.find((one) => one.name === name)?.module ?? "";
    return pythonString(`${typesModule(module)}:${name}`);
  };
  const { rest, stream } = operation;
  const event = contract.events.find(({ id }) => id === stream?.event)?.payload;
  const closed = contract.events.find(({ id }) => id === stream?.closed)?.payload;
  return [
    `id=${pythonString(operation.id)}`,
    `plane=${pythonString(operation.plane)}`,
    `kind=${pythonString(operation.kind)}`,
    `idempotency=${pythonString(operation.idempotency)}`,
    `key_path=${pythonLiteral(operation.idempotencyPath)}`,
    `timeout=${pythonString(operation.timeout)}`,
    `validation_error=${pythonString(operation.validationError)}`,
    `request=${type(operation.request)}`,
    `response=${type(operation.response)}`,
    `event=${event === undefined ? "None" : type(event)}`,
    `closed=${closed === undefined ? "None" : type(closed)}`,
    `rpc=${pythonLiteral(operation.rpc)}`,
    ...(rest === null ? ["rest=None"] : restFields(file, rest)),
    ...(stream === null ? [] : [streamFields(file, stream)]),
  ];
}

function streamFields(file: PythonFile, stream: NonNullable<Operation["stream"]>): string {
  const { cursor, position, resume, follow, terminal } = stream;
  const named = { cursor, position, resume, follow };
  const facts = [
    ...Object.entries(named).map(([name, value]) => `${name}=${pythonLiteral(value)}`),
    ...(terminal === null
      ? []
      : [`terminal=${pythonLiteral(terminal.kinds)}`, `terminal_scope=${pythonLiteral(terminal.scope)}`]),
  ];
  return `stream=${file.import("StreamFields", ".._runtime.operation")}(${facts.join(", ")})`;
}

function restFields(file: PythonFile, rest: NonNullable<Operation["rest"]>): string[] {
  const query = rest.queryFields.map(
    ({ name, path, type }) =>
      `${file.import("QueryField", ".._runtime.operation")}(${pythonString(name)}, ${pythonLiteral(path)}, ${pythonString(type)})`,
  );
  const binding = [
    pythonString(rest.method),
    pythonString(rest.path),
    `path_fields=${pythonLiteral(rest.pathFields)}`,
    `body=${pythonLiteral(rest.rest === "body")}`,
    `query=(${query.join(", ")}${query.length > 0 ? "," : ""})`,
    `key_header=${pythonLiteral(rest.idempotencyHeader)}`,
  ];
  return [`rest=${file.import("RestBinding", ".._runtime.operation")}(${binding.join(", ")})`];
}
