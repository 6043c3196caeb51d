/** Tells how far a long run is: a line that is rewritten on a terminal, a line at every tenth elsewhere. */
export function progressOf(name: string, cycles: number): (done: number) => void {
  const started = performance.now();
  const terminal = process.stderr.isTTY;
  let told = 0;
  return (done) => {
    const tenths = Math.floor((done * 10) / cycles);
    if (!terminal && tenths <= told) return;
    told = tenths;
    const elapsed = (performance.now() - started) / 1000;
    const left = done === 0 ? 0 : (elapsed / done) * (cycles - done);
    const text = `${name}: ${done} of ${cycles} cycles, ${clock(elapsed)} so far, about ${clock(left)} left`;
    const end = done >= cycles ? "\n" : "";
    process.stderr.write(terminal ? `\r\x1b[K${text}${end}` : `${text}\n`);
  };
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
