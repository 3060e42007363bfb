// Light, dark, or as the system has it: kept in this browser, applied to the page.

import { effect, signal } from '@preact/signals';

/** The reader's choice. */
export type Theme = 'system' | 'light' | 'dark';

const place = 'swarmgate.theme';
const themes: readonly Theme[] = ['system', 'light', 'dark'];

const stored = localStorage.getItem(place);
/** The theme in force. */
export const theme = signal<Theme>(themes.find((name) => name === stored) ?? 'system');

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
  localStorage.setItem(place, theme.value);
});

/** The next theme in the circle. */
export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system';
}
