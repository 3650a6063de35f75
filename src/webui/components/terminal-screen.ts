// What a terminal shows, and what is typed into it: xterm, loaded with the first terminal that is
// opened, in the page's colours and as large as its frame.
import type { Terminal } from '@xterm/xterm';
import { copyText } from './copy-button.tsx';
import { terminalColors } from './terminal-colors.ts';
import { allowXtermStyles } from './xterm-styles.ts';

const SCROLLBACK_LINES = 10_000;
/** By WCAG AA, whatever colours a program chooses. */
const CONTRAST = 4.5;
const SCROLLBAR_PX = 14;
const LEAST = { rows: 2, columns: 10 };

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

interface ScreenOptions {
  readonly isDark: boolean;
  readonly isReadAloud: boolean;
  readonly onType: (bytes: Uint8Array) => void;
  readonly onSize: (size: Size) => void;
  /** Tab is for what runs in the terminal, so that another key leads out of it. */
  readonly onLeave: () => void;
}

export class TerminalScreen {
  readonly #terminal: Terminal;
  readonly #frame: HTMLElement;
  readonly #ends: (() => void)[] = [];

  static async open(frame: HTMLElement, options: ScreenOptions): Promise<TerminalScreen> {
    const [{ Terminal: XTerm }] = await Promise.all([
      import('@xterm/xterm'),
      import('@xterm/xterm/css/xterm.css'),
    ]);
    const { fontFamily, fontSize } = getComputedStyle(frame);
    const terminal = new XTerm({
      ...{ fontFamily, fontSize: Number.parseFloat(fontSize), scrollback: SCROLLBACK_LINES },
      ...{ minimumContrastRatio: CONTRAST, screenReaderMode: options.isReadAloud },
      theme: terminalColors(frame, options.isDark),
      // What a program prints leads nowhere.
      linkHandler: { activate: () => undefined },
    });
    return new TerminalScreen(terminal, frame, options);
  }

  private constructor(terminal: Terminal, frame: HTMLElement, options: ScreenOptions) {
    this.#terminal = terminal;
    this.#frame = frame;
    this.#ends.push(allowXtermStyles());
    terminal.open(frame);
    const encoder = new TextEncoder();
    terminal.onData((text) => options.onType(encoder.encode(text)));
    terminal.onBinary((text) =>
      options.onType(Uint8Array.from(text, (letter) => letter.charCodeAt(0))),
    );
    terminal.onResize(({ rows, cols: columns }) => options.onSize({ rows, columns }));
    terminal.attachCustomKeyEventHandler((event) => this.#onKey(event, options.onLeave));
    const sizes = new ResizeObserver(() => this.#fit());
    sizes.observe(frame);
    this.#ends.push(() => sizes.disconnect());
    this.#fit();
  }

  get size(): Size {
    return { rows: this.#terminal.rows, columns: this.#terminal.cols };
  }

  write(bytes: Uint8Array, shown: () => void): void {
    this.#terminal.write(bytes, shown);
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** Nothing is typed any more; what was shown stays. */
  stop(): void {
    this.#terminal.options.disableStdin = true;
    this.#terminal.options.cursorBlink = false;
  }

  start(): void {
    this.#terminal.options.disableStdin = false;
  }

  setDark(isDark: boolean): void {
    this.#terminal.options.theme = terminalColors(this.#frame, isDark);
  }

  setReadAloud(isReadAloud: boolean): void {
    this.#terminal.options.screenReaderMode = isReadAloud;
  }

  /** What is selected, or else all that it has. */
  async copy(): Promise<void> {
    const selected = this.#terminal.getSelection();
    if (selected !== '') {
      await copyText(selected);
      return;
    }
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, line) => active.getLine(line));
    const text = lines.reduce(
      (before, line) =>
        `${before}${line?.isWrapped || before === '' ? '' : '\n'}${line?.translateToString(true) ?? ''}`,
      '',
    );
    await copyText(text.trimEnd());
  }

  paste(text: string): void {
    this.#terminal.paste(text);
  }

  close(): void {
    this.#terminal.dispose();
    for (const end of this.#ends) {
      end();
    }
  }

  #onKey(event: KeyboardEvent, onLeave: () => void): boolean {
    const { key, ctrlKey, shiftKey, type } = event;
    if (shiftKey && key === 'Escape') {
      if (type === 'keydown') {
        event.preventDefault();
        onLeave();
      }
      return false;
    }
    if (ctrlKey && shiftKey && key.toLowerCase() === 'c') {
      if (type === 'keydown') {
        event.preventDefault();
        void this.copy();
      }
      return false;
    }
    // The browser pastes by itself, and xterm hears of that.
    return !(ctrlKey && shiftKey && key.toLowerCase() === 'v');
  }

  #fit(): void {
    const screen = this.#frame.querySelector('.xterm-screen');
    const { clientWidth, clientHeight } = this.#frame;
    if (screen === null || clientWidth === 0) {
      return;
    }
    const { width, height } = screen.getBoundingClientRect();
    const { paddingTop, paddingBottom, paddingLeft } = getComputedStyle(this.#frame);
    const [top, bottom, left] = [paddingTop, paddingBottom, paddingLeft].map(Number.parseFloat) as [
      number,
      number,
      number,
    ];
    const cell = { width: width / this.#terminal.cols, height: height / this.#terminal.rows };
    const columns = Math.floor((clientWidth - left - SCROLLBAR_PX) / cell.width);
    const rows = Math.floor((clientHeight - top - bottom) / cell.height);
    if (Number.isFinite(columns) && Number.isFinite(rows)) {
      this.#terminal.resize(Math.max(columns, LEAST.columns), Math.max(rows, LEAST.rows));
    }
  }
}
