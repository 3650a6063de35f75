// Whether the window is as narrow as a telephone: then rows of tables have two lines.
import { signal } from '@preact/signals';

/** As in style/table.css. */
const PHONE = window.matchMedia('(max-width: 480px)');

export const isPhone = signal(PHONE.matches);
PHONE.addEventListener('change', () => {
  isPhone.value = PHONE.matches;
});
