import { ContractError } from "../../../src/kernel/contract-error.js";
import { McpFault } from "../../../src/surfaces/mcp/fault.js";
import type { McpFeature } from "../../../src/surfaces/mcp/feature.js";
import { createResources, type ResourceSource } from "../../../src/surfaces/mcp/resources.js";
import { changes } from "./changes.js";
import { fixturePrompts } from "./prompts.js";
import { png } from "./samples.js";
import { fixtureTools } from "./tools.js";

const template = /^test:\/\/template\/([^/]+)\/data$/;

/** Contents by URI. */
const resources: Readonly<Record<string, { mimeType: string; text?: string; blob?: string }>> = {
  "test://static-text": { mimeType: "text/plain", text: "A text that never changes." },
  "test://static-binary": { mimeType: "image/png", blob: png },
  "test://watched-resource": { mimeType: "text/plain", text: "A text that can be watched." },
};

const source: ResourceSource = {
  list: () => Object.entries(resources).map(([uri, { mimeType }]) => ({ uri, name: uri.slice(7), mimeType })),
  templates: [{ uriTemplate: "test://template/{id}/data", name: "template", mimeType: "application/json" }],
  async read(uri, { stateless }) {
    const found = Object.hasOwn(resources, uri) ? resources[uri] : undefined;
    if (found !== undefined) return [{ uri, ...found }];
    const id = template.exec(uri)?.[1];
    if (id !== undefined) return [{ uri, mimeType: "application/json", text: JSON.stringify({ id }) }];
    const error = new ContractError("invalid_request", { message: "Resource not found" });
    throw McpFault.resourceNotFound(uri, error, stateless);
  },
  async watch(uri, _, caller) {
    await this.read(uri, caller);
  },
  own: () => "test://watched-resource",
};

/**
 * What the profile `mcp-conformance` offers in place of the daemon's tools and inbox: everything that the conformance
 * suite calls by name. It runs on the daemon's own surface; only tests import it.
 */
export const fixtureFeatures: readonly McpFeature[] = [
  fixtureTools,
  fixturePrompts,
  createResources(source),
  { capabilities: {}, statelessMethods: { "subscriptions/listen": changes.listen } },
];
