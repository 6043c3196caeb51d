/** The element with this id; the page is ours, so a missing one is a bug. */
export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found as T;
}

/** An element with a class and children; text stays text, never markup. */
export function element(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/** A button that does not submit. */
export function button(className: string, label: string, onClick: () => void): HTMLButtonElement {
  const made = element("button", className, label) as HTMLButtonElement;
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

/** A time of day with milliseconds, and the whole of it for machines. */
export function time(at: string): HTMLElement {
  const made = element("time", "", clock(at));
  made.setAttribute("datetime", at);
  made.title = new Date(at).toLocaleString();
  return made;
}

/** A command to type, in a box of its own. */
export function commandLine(text: string): HTMLElement {
  return element("pre", "", element("code", "", text));
}

export function clock(at: string): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  const millis = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`;
}
