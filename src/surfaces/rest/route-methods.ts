/** One path with the methods that it takes. */
export interface PathMethods {
  /** With `:field` for one segment and `*` at the end for any rest. */
  path: string;
  methods: readonly string[];
}

/** Tells the methods that a URL's path takes, sorted; none when there is no such path. Only asked after routing failed. */
export function routeMethods(routes: readonly PathMethods[]): (url: string) => string[] {
  const known = routes.map(({ path, methods }) => ({ pattern: toPattern(path), methods }));
  return (url) => {
    const path = url.split("?", 1)[0] ?? "";
    const methods = known.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    return [...new Set(methods)].sort();
  };
}

function toPattern(path: string): RegExp {
  const escaped = path.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/:[a-z_]+/g, "[^/]+").replace(/\*$/, ".*")}$`);
}
