import { comms, foundation, people, type Requirements } from "./requirement.js";

/** Schemas, generated output, documentation and the vectors that hold on every surface. */
export const contract: Requirements = {
  "codegen.format": foundation(
    "The formatter leaves the generated TypeScript unchanged; the formatter leaves every case unchanged.",
  ),
  "codegen.golden": foundation(
    "Small contracts, one feature each, give exactly the files that are kept beside them.",
  ),
  "codegen.printer": foundation(
    "Prints header, sorted imports and lines; breaks imports that are too long; wraps doc comments and keeps them comments.",
  ),
  "codegen.schemas": foundation("Ajv compiles every view in strict mode."),
  "codegen.yaml": foundation(
    "What is printed reads back as the same data; prints one key per line and quotes only where needed.",
  ),
  "contract.agreement": foundation(
    "Ajv, TypeScript and Python agree on what fits; random mutations of good values.",
  ),
  "contract.asyncapi": people(
    "The official AsyncAPI parser finds no error and no warning in schemas/dist/asyncapi.yaml.",
  ),
  "contract.breaking": foundation(
    "Operations, events, routes and errors; additions; the contract breaks no older client unsaid.",
  ),
  "contract.breaking-sound": people(
    "No change of a schema that the breaking gate lets through breaks an old caller or an old reader.",
  ),
  "contract.breaking-values": people(
    "A set of values that becomes text, or text that becomes a set, breaks where one side refuses a value.",
  ),
  "contract.custom_code": foundation("Nobody edits generated files."),
  "contract.determinism": foundation("The same schemas give the same bytes everywhere."),
  "contract.digest": foundation("Every move of the digest is recorded."),
  "contract.documents": foundation("The documents hold together."),
  "contract.errors": foundation("Every error code is documented, mapped and has its class."),
  "contract.freshness": foundation("Generated files are what the schemas give."),
  "contract.generator-types": people(
    "In openapi.yaml integers have their width, date-times no pattern, and open enums are text that lists its values.",
  ),
  "contract.generators": people(
    "docs/clients.md names each generator that `npm run generators` runs with its options; every other one is `not tried` or has its reason.",
  ),
  "contract.hard_cut": foundation("Nothing of the legacy surface is left."),
  "contract.lint": foundation(
    "The tiny contract breaks no rule; a reference into another plane is refused; a folder that is no plane is refused.",
  ),
  "contract.mcp-lowering": foundation("Tools carry schemas that MCP clients take."),
  "contract.open-unions": people(
    "Every open union and enum has a vector with an unknown variant, which both SDKs read and give back as it came.",
  ),
  "contract.reference": foundation("The reference's links and examples are right."),
  "contract.source": foundation(
    "Is plain JSON Schema 2020-12; the meta-schema is itself a schema of the dialect.",
  ),
  "contract.surfaces": foundation(
    "What the running code serves; every surface has the operations that the schemas declare.",
  ),
  "contract.third-party": foundation("Tools of others agree with the running daemon."),
  "contract.third_party": foundation("Redocly takes openapi.yaml; openapi-typescript's types are the SDK's."),
  "contract.validators": foundation("What the build compiles."),
  "contract.version": foundation("What the running code says; the contract is 0.3.0 everywhere."),
  "docs.blocks": foundation("Every code block in the docs runs as written, or says why it does not."),
  "docs.errors": comms("The page on troubles names only errors that the contract has."),
  "docs.explorer": foundation(
    "The API explorer opens without credentials and tries calls as the signed-in page.",
  ),
  "docs.local": people(
    "Every file of the API explorer has the console's security headers and names no host outside this machine.",
  ),
  "docs.states": comms("The guide tells of every delivery state of the contract."),
  "errors.json-text": people(
    "A string in place of an object, an array, a number or a boolean is refused on every surface by the field's name and the words that its text is not taken.",
  ),
  "errors.refused-names": people(
    "A name that is refused, taken or unknown is shown in the error's message, with the rule in words or a name that would do, on every surface and in both SDKs; what may be a secret is not shown.",
  ),
  "field.mixed-versions": comms(
    "Versions of one contract line work together; others are named at the first contact.",
  ),
  "field.sdk-reads": comms(
    "SDK types, guards and resources are generated and agree with the daemon's validators: no hidden drift.",
  ),
  "seed003.accept-matrix": comms("The same vectors hold on every surface and in both SDKs."),
  "seed003.accept-no-legacy": comms("Zero legacy public surfaces and aliases remain."),
  "seed003.accept-synchronized": comms("Contract and generated SDK artefacts are synchronised on 0.3.0."),
  "seed003.gate-contract-version": comms("The contract version equals 0.3.0 everywhere."),
  "seed003.gate-docs": comms("No page, skill, SDK readme or example carries a stale name."),
  "seed003.m0": comms("A gate finds each legacy name wherever it stands, and is red."),
  "seed003.m1": comms(
    "The seed's types, receipts, scopes, errors and signatures are there with its fields and defaults.",
  ),
  "seed003.m12": comms("No legacy public surface is left; a gate is red when one comes back."),
  "seed003.m13": comms("Docs, examples and the pages for agents use the names that there are."),
  "seed003.m8": comms("Contract and generated artefacts are in step."),
  "texts.presence": people(
    "A session is online or offline for people: the command line, the console and the descriptions of the contract use no other word.",
  ),
  "vectors.cli": foundation("Every vector holds on the command line, exit codes included."),
  "vectors.comms": comms("There are at least 300 vectors of comms and sessions, no two of one name."),
  "vectors.count": foundation("There are at least 100 vectors, valid and invalid."),
  "vectors.mcp": foundation("Every vector holds on MCP."),
  "vectors.py": foundation("Every vector holds in the Python SDK."),
  "vectors.rest": foundation("Every vector holds on REST."),
  "vectors.rpc": foundation("Every vector holds on JSON-RPC."),
  "vectors.same-error": foundation(
    "Every surface gives the same code, message and sorted details for the same mistake.",
  ),
  "vectors.ts": foundation("Every vector holds in the TypeScript SDK."),
};
