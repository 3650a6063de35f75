// Light, dark, or as the system has it. The choice is kept in the browser.
import { effect, signal } from '@preact/signals';
import { Icon, type IconName } from './icon.tsx';

type Theme = 'system' | 'light' | 'dark';

const KEY = 'mesoscale.theme';
const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const ICONS: Readonly<Record<Theme, IconName>> = {
  system: 'contrast',
  light: 'sun',
  dark: 'moon',
};

const isTheme = (text: string | null): text is Theme => text !== null && text in NEXT;

const theme = signal<Theme>('system');
/** Whether what is shown now is dark: plots draw with colours of their own. */
export const isDark = signal(false);

/** A browser may keep nothing, as in a private window: then a choice lasts as long as the page. */
function kept(): Theme {
  try {
    const text = localStorage.getItem(KEY);
    return isTheme(text) ? text : 'system';
  } catch {
    return 'system';
  }
}

export function followTheme(): void {
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const look = () => {
    isDark.value = theme.value === 'system' ? system.matches : theme.value === 'dark';
  };
  theme.value = kept();
  system.addEventListener('change', look);
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    look();
  });
}

function choose(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It lasts as long as the page.
  }
}

export function ThemeSwitch() {
  const now = theme.value;
  const label = `Colours: ${now}. Change to ${NEXT[now]}.`;
  return (
    <button
      type="button"
      class="button-icon"
      title={label}
      aria-label={label}
      onClick={() => choose(NEXT[now])}
    >
      <Icon name={ICONS[now]} />
    </button>
  );
}
