/** A modal dialog of the browser: it keeps the focus inside and closes with Escape. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../shell/icons';

interface Props {
  readonly title: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, close, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const onClick = (event: MouseEvent): void => {
    if (event.target === dialog.current) close();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-label={title} onClose={close} onClick={onClick}>
      <div class="dialog-body">
        <header class="dialog-head">
          <h2>{title}</h2>
          <button class="tool" type="button" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
