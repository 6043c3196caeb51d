/** The states that a program must print, each as a pattern. */
export type States = [session: string, receipt: string, peer: string];

/**
 * What a program should have printed and did not, as sentences: states as they are on the wire, and points in time in
 * milliseconds, which have not overflowed.
 */
export function faultsIn(output: string, [session, receipt, peer]: States): string[] {
  const lines = [
    `^session [a-z-]+-writer (?:${session}) \\d{13}$`,
    `^session [a-z-]+-reader (?:${session}) \\d{13}$`,
    `^receipt peer_message_sent (?:${receipt}) \\d{13}$`,
    `^peer [a-z-]+-reader (?:${peer}) \\d{13}$`,
  ];
  return lines
    .filter((line) => !new RegExp(line, "m").test(output))
    .map((line) => `The program printed no line ${line}:\n${output.slice(-1_000)}`);
}
