// The views as a table: their names in the address, their words in the menu, and what draws them.

import type { ComponentType } from 'preact';
import { Agent } from '../views/agent.tsx';
import { Agents } from '../views/agents.tsx';
import { Keys } from '../views/keys.tsx';
import { Overview } from '../views/overview.tsx';
import { later } from './later.tsx';

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
  { name: 'agents', title: 'Agents', draw: Agents, inMenu: true },
  { name: 'agent', title: 'Agent', draw: Agent, inMenu: false },
  { name: 'keys', title: 'Keys', draw: Keys, inMenu: true },
  {
    name: 'verify',
    title: 'Verify',
    draw: later(async () => (await import('../views/verify.tsx')).Verify),
    inMenu: true,
  },
  {
    name: 'audit',
    title: 'Audit',
    draw: later(async () => (await import('../views/audit.tsx')).Audit),
    inMenu: true,
  },
];
