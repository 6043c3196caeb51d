import { byId } from "./dom.js";

/** Tabs over panels, as keyboards and screen readers know them: arrows move, one is in the tab order. */
export class Tabs {
  readonly #tabs: HTMLElement[];
  readonly #onShow: (name: string) => void;

  constructor(onShow: (name: string) => void) {
    this.#tabs = [...byId("tabs").querySelectorAll<HTMLElement>("[role=tab]")];
    this.#onShow = onShow;
    for (const tab of this.#tabs) tab.addEventListener("click", () => this.show(tab.dataset.tab!));
    byId("tabs").addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const at = this.#tabs.indexOf(event.target as HTMLElement);
      if (step === undefined || at < 0) return;
      const next = this.#tabs[(at + step + this.#tabs.length) % this.#tabs.length]!;
      this.show(next.dataset.tab!);
      next.focus();
    });
  }

  show(name: string): void {
    for (const tab of this.#tabs) {
      const chosen = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")!).hidden = !chosen;
    }
    this.#onShow(name);
  }
}
