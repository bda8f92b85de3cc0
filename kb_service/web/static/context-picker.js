/* <kb-context>: fills the versions of the chosen product without a round trip. */
class ContextPicker extends HTMLElement {
  connectedCallback() {
    this.product = this.querySelector("select[name=product]");
    this.version = this.querySelector("select[name=version]");
    this.product?.addEventListener("change", () => this.fill());
  }

  fill() {
    const { any, unknown, first } = this.version.dataset;
    const raw = this.product.selectedOptions[0]?.dataset.versions;
    const options = raw ? [new Option(any, ""), new Option(unknown, "unknown"), ...JSON.parse(raw).map(([value, label]) => new Option(label, value))] : [new Option(first, "")];
    this.version.replaceChildren(...options);
  }
}

customElements.define("kb-context", ContextPicker);
