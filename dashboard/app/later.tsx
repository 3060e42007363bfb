// A view whose code is loaded when somebody looks at it: the first view needs none of it.

import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

type ViewProps = { readonly subject: string };

/** Draws a view as soon as its code is there. */
export function later(load: () => Promise<ComponentType<ViewProps>>): ComponentType<ViewProps> {
  return function Later(props) {
    const draw = useSignal<{ readonly view: ComponentType<ViewProps> } | undefined>(undefined);
    const why = useSignal<string | undefined>(undefined);
    useEffect(() => {
      async function fetch(): Promise<void> {
        try {
          draw.value = { view: await load() };
        } catch {
          why.value = 'This view could not be loaded: reload the page';
        }
      }
      void fetch();
    }, []);
    const loaded = draw.value;
    return loaded === undefined ? (
      <p role="status">{why.value ?? 'Loading …'}</p>
    ) : (
      <loaded.view {...props} />
    );
  };
}
