import type { RawHandler } from "../../../../kernel/raw.js";

/** Where the numbers come from. */
export interface MetricsPort {
  readonly contentType: string;
  text(): Promise<string>;
}

/** The page that Prometheus scrapes. */
export function createMetricsPage(metrics: MetricsPort): RawHandler {
  return async (request, response, call) => {
    const body = Buffer.from(await metrics.text());
    response.writeHead(200, {
      "content-type": metrics.contentType,
      "content-length": body.length,
      "cache-control": "no-store",
      "parley-request-id": call.requestId,
    });
    response.end(request.method === "HEAD" ? undefined : body);
  };
}
