import { describe, expect, test } from "vitest";
import { originProblem, parseHost } from "./hosts.js";

const none = { allowedHosts: [], allowedOrigins: [] };
const lan = { allowedHosts: ["parley.lan"], allowedOrigins: ["https://tools.example"] };

describe("Host", () => {
  test.each([
    "localhost",
    "localhost:7433",
    "LOCALHOST:7433",
    "127.0.0.1:7433",
    "127.8.9.10",
    "[::1]:7433",
    "[::1]",
  ])("[auth.host] %s is loopback", (host) => {
    expect(originProblem({ host }, none)).toBeNull();
  });

  test.each([
    ["after DNS rebinding", "attacker.test:7433"],
    ["a name that begins like loopback", "127.0.0.1.attacker.test"],
    ["a name that begins like loopback, short", "127.attacker.test"],
    ["a name below localhost", "evil.localhost:7433"],
    ["a name that begins with localhost", "localhost.attacker.test"],
    ["an address in decimal", "2130706433"],
    ["an address in octal", "0177.0.0.1"],
    ["a short address", "127.1"],
    ["the wildcard address", "0.0.0.0:7433"],
    ["another IPv6 address", "[::2]"],
    ["an IPv4 address mapped into IPv6", "[::ffff:127.0.0.1]"],
    ["IPv6 without brackets", "::1"],
    ["a trailing dot", "localhost."],
    ["user information", "localhost@attacker.test"],
    ["two hosts", "localhost, attacker.test"],
    ["a port that is none", "localhost:port"],
    ["a control character", "localhost\u0000"],
    ["empty", ""],
    ["absent", undefined],
  ])("[auth.host] %s is refused", (_name, host) => {
    expect(originProblem(host === undefined ? {} : { host }, none)).toMatchObject({ field: "host" });
  });

  test("[auth.host] a configured name is served, its neighbours are not", () => {
    expect(originProblem({ host: "parley.lan:80" }, lan)).toBeNull();
    expect(originProblem({ host: "Parley.LAN" }, lan)).toBeNull();
    expect(originProblem({ host: "x.parley.lan" }, lan)).toMatchObject({ field: "host" });
  });

  test("[auth.host] hosts are split into name and port", () => {
    expect(parseHost("[::1]:80")).toEqual({ name: "::1", port: "80" });
    expect(parseHost("a.b")).toEqual({ name: "a.b", port: "" });
    expect(parseHost("[zz]")).toBeNull();
  });
});

describe("Origin", () => {
  const host = "localhost:7433";
  test.each([
    ["absent, as programs send it", { host }],
    ["the page's own", { host, origin: "http://localhost:7433" }],
    ["the page's own in other letters", { host: "LocalHost:7433", origin: "http://localhost:7433" }],
    ["the page's own on IPv6", { host: "[::1]:7433", origin: "http://[::1]:7433" }],
    ["the page's own with the usual port left out", { host: "parley.lan:443", origin: "https://parley.lan" }],
    ["a configured one", { host, origin: "https://tools.example" }],
  ])("[auth.origin] %s is good", (_name, headers) => {
    expect(originProblem(headers, lan)).toBeNull();
  });

  test.each([
    ["null", "null"],
    ["another site", "https://attacker.test"],
    ["another port of the same host", "http://localhost:3000"],
    ["the same host without its port", "http://localhost"],
    ["another loopback name", "http://127.0.0.1:7433"],
    ["a configured one with a port", "https://tools.example:444"],
    ["a configured one over plain http", "http://tools.example"],
    ["another scheme", "file://localhost:7433"],
    ["with a path", "http://localhost:7433/"],
    ["with user information", "http://localhost:7433@attacker.test"],
    ["empty", ""],
  ])("[auth.origin] %s is refused", (_name, origin) => {
    expect(originProblem({ host, origin }, lan)).toMatchObject({ field: "origin" });
  });

  test("[auth.origin] a route that only browsers call wants one", () => {
    expect(originProblem({ host }, none, "require")).toMatchObject({ field: "origin", got: "absent" });
    expect(originProblem({ host, origin: "http://localhost:7433" }, none, "require")).toBeNull();
  });

  test("[auth.host] a rebound name fails even with a matching Origin", () => {
    const rebound = { host: "attacker.test:7433", origin: "http://attacker.test:7433" };
    expect(originProblem(rebound, none)).toMatchObject({ field: "host" });
  });
});
