import { pageHeaders } from "../sdks/typescript/src/runtime/browser/page-key.js";

/** A request as swagger-ui is about to send it. */
interface ExplorerRequest {
  url: string;
  loadSpec?: boolean;
  headers: Record<string, string>;
}

/** Calls that the user tries are those of the signed-in page, unless the user has entered a token. */
Object.assign(globalThis, {
  async parleyRequestInterceptor(request: ExplorerRequest): Promise<ExplorerRequest> {
    const { origin } = new URL(request.url, location.href);
    if (request.loadSpec || request.headers.Authorization !== undefined) return request;
    return { ...request, headers: { ...request.headers, ...(await pageHeaders(origin)) } };
  },
});
