// The page's Content-Security-Policy lets no text become a style: no `<style>` element that is
// filled by a script, and no attribute `style`. xterm makes both, as it knows no other way, and has
// no option against that. So while a terminal is on the page, elements that it makes are given
// another way, which it allows: a style sheet that is adopted, and the CSSOM of the element.
// Preact makes elements by createElementNS, and is not touched. To allow 'unsafe-inline' instead
// would let every hole for HTML reach the whole page.

let terminals = 0;

/** Returns what ends it. */
export function allowXtermStyles(): () => void {
  terminals++;
  Object.defineProperty(document, 'createElement', { configurable: true, value: createElement });
  return () => {
    terminals--;
    if (terminals === 0) {
      Reflect.deleteProperty(document, 'createElement');
    }
  };
}

function createElement(this: Document, name: string, options?: ElementCreationOptions): Element {
  switch (name) {
    case 'style':
      return adoptedStyle();
    case 'span':
      return styledSpan();
    default:
      return Document.prototype.createElement.call(document, name, options);
  }
}

/** Stands where the style would; its text is that of a style sheet of the page. */
function adoptedStyle(): HTMLElement {
  const element = Document.prototype.createElement.call(document, 'data') as HTMLElement;
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperties(element, {
    textContent: { set: (css: string) => sheet.replaceSync(css) },
    remove: {
      value: () => {
        document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
        Element.prototype.remove.call(element);
      },
    },
  });
  return element;
}

/** A cell with a colour of its own has it as an attribute. */
function styledSpan(): HTMLElement {
  const element = Document.prototype.createElement.call(document, 'span') as HTMLElement;
  element.setAttribute = setAttribute;
  return element;
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') {
    this.style.cssText = value;
  } else {
    Element.prototype.setAttribute.call(this, name, value);
  }
}
