import { type LookupAddress, lookup as resolveName } from "node:dns";
import { BlockList, isIP, type LookupFunction, type Socket } from "node:net";
import { type ClientOptions, WebSocket } from "ws";
import { ContractError } from "../../../kernel/contract-error.js";
import { maxFrameBytes, type Wire } from "../../../kernel/wire.js";
import { webSocketWire } from "./web-socket-wire.js";

const dialMs = 10_000;

/** Addresses at which no daemon of anybody lives: link-local ones, where clouds keep their metadata, and none at all. */
const refused = new BlockList();
refused.addSubnet("169.254.0.0", 16);
refused.addSubnet("0.0.0.0", 8);
refused.addSubnet("fe80::", 10, "ipv6");
refused.addAddress("fd00:ec2::254", "ipv6");
refused.addAddress("::", "ipv6");

/**
 * Connects to the link route of the daemon at the address, which is its HTTP base. No redirects are followed.
 * `bytesArrive` is called with each chunk, before its frames are parsed.
 */
export function dialLink(address: string, bytesArrive: () => void = () => {}): Promise<Wire> {
  const url = new URL("/link", address);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (isRefused(url.hostname.replace(/^\[|\]$/g, "")))
    return Promise.reject(unreachable("this address is not one where a daemon may be"));
  return new Promise((resolve, reject) => {
    const options: ClientOptions & { lookup: LookupFunction } = {
      maxPayload: maxFrameBytes,
      perMessageDeflate: false,
      handshakeTimeout: dialMs,
      followRedirects: false,
      // The address that is checked is the one that is connected to.
      lookup: checkedLookup,
    };
    const ws = new WebSocket(url, options);
    let socket: Socket | undefined;
    ws.once("upgrade", (response) => {
      socket = response.socket;
    });
    ws.once("open", () => {
      socket!.prependListener("data", bytesArrive);
      resolve(webSocketWire(ws, socket!));
    });
    ws.on("error", (cause) => reject(unreachable(cause.message, cause)));
  });
}

const checkedLookup: LookupFunction = (hostname, options, callback) =>
  resolveName(hostname, options, (error, found: string | LookupAddress[], family?: number) => {
    const addresses = typeof found === "string" ? [found] : (found ?? []).map(({ address }) => address);
    if (error === null && addresses.some(isRefused))
      callback(new Error(`${hostname} stands for an address where no daemon may be`), "", 0);
    else callback(error, found as never, family);
  });

function isRefused(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && refused.check(address, family === 6 ? "ipv6" : "ipv4");
}

function unreachable(why: string, cause?: Error): ContractError {
  return new ContractError("endpoint_unreachable", {
    message: `The other daemon does not answer: ${why}. Check that it runs, listens there and allows this host name.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
