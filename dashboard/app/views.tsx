// The views as a table: their names in the address, their words in the menu, and what draws them.

import type { ComponentType } from 'preact';
import { Overview } from '../views/overview.tsx';

/** One view. */
export interface View {
  readonly name: string;
  readonly title: string;
  readonly draw: ComponentType<{ readonly subject: string }>;
  /** Whether it stands in the menu. */
  readonly inMenu: boolean;
}

export const views: readonly View[] = [
  { name: 'overview', title: 'Overview', draw: Overview, inMenu: true },
];
