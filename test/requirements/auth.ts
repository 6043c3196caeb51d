import { foundation, hardened, type Requirements, trust } from "./requirement.js";

/** Credentials, and what a client and a daemon may trust. */
export const auth: Requirements = {
  "auth.cli-tokens": foundation("The command line makes, rotates and revokes tokens."),
  "auth.clock-set": hardened(
    "Setting the wall clock neither ends nor prolongs a token, a ticket or a browser session; sleep counts.",
  ),
  "auth.cookie": foundation(
    "The cookie is for this site's requests only; together with the page key it proves the console.",
  ),
  "auth.cookie-durable": foundation("A session outlives the process, hashed, and ends after 12 hours."),
  "auth.credentials": foundation(
    "A bearer token, a cookie or the unix socket proves a principal; wrong credentials are never nobody's.",
  ),
  "auth.host": foundation("Only loopback names and configured ones are served, whatever a name resolves to."),
  "auth.origin": foundation(
    "A foreign or null Origin is refused before credentials; routes for browsers demand one.",
  ),
  "auth.sign-out": foundation("Signing out ends the session here and at rest."),
  "auth.ticket": foundation(
    "A ticket works once; a ticket used twice at once works once; a ticket lives 60 seconds; one that was never made does not work.",
  ),
  "auth.token": foundation("A new token proves its principal, and only whole; tokens outlive the process."),
  "auth.token-at-rest": foundation("Neither the store nor a list holds a secret."),
  "auth.token-expiry": foundation("A token ends with its time, however far away that is."),
  "auth.token-follow": foundation("What another daemon of the realm changes takes effect here."),
  "auth.token-life": foundation("Tokens are made, listed without secrets, rotated with overlap and revoked."),
  "auth.token-race": foundation("Two rotations at once both happen, one after the other."),
  "auth.token-revoke": foundation("Revoking ends live connections at once and for good."),
  "auth.token-rotate": foundation(
    "The old secret works until its overlap ends, then its connections end; without overlap the old secret ends now; a second rotation ends the one before.",
  ),
  "trust.advice": trust(
    "Each message about a daemon that cannot be reached names what to type, and what it names can work there.",
  ),
  "trust.clients-no-config": trust("Clients read no config file, wherever one lies."),
  "trust.config-owner": trust(
    "A config file that belongs to another user, or that other users can write to, is refused by name with what to type.",
  ),
  "trust.config-search": trust(
    "The config file is the one that --config names, else the user's, else /etc/parley/parley.toml, else /etc/labman/labman.toml; a file of the working directory is reported by `parley up` and not read.",
  ),
  "trust.first-frame": trust(
    "Until its first frame has proven the page key, a page's WebSocket costs at most 5 s and 4 KiB, counts as a connection and is dispatched nothing.",
  ),
  "trust.foreign-port": trust(
    "When another user has the daemon's port, every command and `doctor` state this and what to type.",
  ),
  "trust.hostile-neighbours": trust(
    "With another user listening on every port and socket path that a client could try, no byte of a body or a credential reaches that user.",
  ),
  "trust.no-unix-sockets": trust(
    "On a platform without unix sockets a client without an explicit address fails with an error that asks for one.",
  ),
  "trust.origin-only": trust(
    "With an explicit address, body and token go to that origin only: no redirect is followed, over HTTP or WebSocket.",
  ),
  "trust.page-key": trust(
    "The console's cookie, which browsers send to every server of 127.0.0.1, proves nothing without the page key and an Origin of the daemon.",
  ),
  "trust.page-port": trust(
    "A browser's session counts on the daemon's port of its sign-in, and ends when the daemon starts on another.",
  ),
  "trust.page-proof": trust(
    "A page sends its key and its calls only to a server that has proven to be the daemon of its sign-in, also when another program has taken the port.",
  ),
  "trust.principals": trust(
    "Principals are compared by kind and name: a token acts as no session of the user's and reads none of the user's inboxes, interactions or streams, whatever its name is.",
  ),
  "trust.socket-folder": trust(
    "The socket's folder belongs to the user, and no other user can write to it or replace a folder above it.",
  ),
  "trust.socket-only": trust(
    "Without an explicit address, a client sends only to a unix socket that its owner, mode and folder prove to be this user's; a token goes there too.",
  ),
  "trust.start-wait": trust(
    "While the user's own daemon starts or restarts, clients wait for its socket within their time limit, 30 s at most.",
  ),
  "trust.token-names": trust(
    "`local` and `console` are refused as names of tokens with a typed error; the doctor lists tokens of these names that an earlier version made.",
  ),
};
