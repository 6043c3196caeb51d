import { notSignedIn, pageHeaders } from "../sdks/typescript/src/runtime/browser/page-key.js";

/** A request as swagger-ui is about to send it. */
interface ExplorerRequest {
  url: string;
  loadSpec?: boolean;
  headers: Record<string, string>;
  body?: unknown;
}

/**
 * Calls that the user tries are those of the signed-in page, unless the user has entered a token. The daemon proves itself
 * to a signed-in page before either; a page without both sends no body.
 */
Object.assign(globalThis, {
  async parleyRequestInterceptor(request: ExplorerRequest): Promise<ExplorerRequest> {
    if (request.loadSpec) return request;
    const { origin } = new URL(request.url, location.href);
    const credentials = await pageHeaders(origin);
    if (request.headers.Authorization !== undefined) return request;
    if (request.body !== undefined && Object.keys(credentials).length === 0) throw notSignedIn();
    return { ...request, headers: { ...request.headers, ...credentials } };
  },
});
