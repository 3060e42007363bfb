// The dashboard's start: one page, drawn into one element.

import { render } from 'preact';
import { App } from './app/app.tsx';
import { resume } from './session/session.ts';

const root = document.querySelector('#app');
if (root !== null) render(<App />, root);
void resume();
