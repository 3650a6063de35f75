// The colours of terminals: those of the page, and sixteen that programs choose from, for a light
// and for a dark ground.
import type { ITheme } from '@xterm/xterm';

const LIGHT: ITheme = {
  ...{ black: '#16212a', brightBlack: '#51616d', white: '#8a98a3', brightWhite: '#c3ccd3' },
  ...{ red: '#b3261e', green: '#14703c', yellow: '#8a5300', blue: '#1d5fae' },
  ...{ magenta: '#7a3ba8', cyan: '#0b6670' },
  ...{ brightRed: '#c9342b', brightGreen: '#1a7f46', brightYellow: '#9a5f00' },
  ...{ brightBlue: '#2a6fc4', brightMagenta: '#8d4bbd', brightCyan: '#0d7680' },
};

const DARK: ITheme = {
  ...{ black: '#2a353e', brightBlack: '#8296a4', white: '#c9d3da', brightWhite: '#ffffff' },
  ...{ red: '#ff938a', green: '#5cce8b', yellow: '#f0b454', blue: '#77b3f5' },
  ...{ magenta: '#d0a1f2', cyan: '#4cc4cf' },
  ...{ brightRed: '#ffb0a9', brightGreen: '#86e0ab', brightYellow: '#f7ca80' },
  ...{ brightBlue: '#a0caf9', brightMagenta: '#dfbef7', brightCyan: '#7fdae2' },
};

export function terminalColors(element: HTMLElement, isDark: boolean): ITheme {
  const [background, foreground, accent] = ['--panel', '--text', '--accent'].map((name) =>
    colorOf(element, name),
  ) as [string, string, string];
  const selectionBackground = isDark ? '#2f6570' : '#b5dde0';
  return {
    ...(isDark ? DARK : LIGHT),
    ...{ background, foreground, cursor: accent, cursorAccent: background, selectionBackground },
  };
}

/** As the browser has it, for a program that knows no variables. */
function colorOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
