import { h } from './dom.ts';

/** Shows recovery codes, this once. They stay until somebody says that they are kept. */
export function showRecoveryCodes(codes: string[]): Promise<void> {
  return new Promise((resolve) => {
    const dialog = h(
      'dialog',
      { 'aria-labelledby': 'keep' },
      h('p', { id: 'keep' }, 'Keep these recovery codes where you find them without your phone. Each works once.'),
      h('ul', { class: 'codes', 'aria-label': 'Recovery codes' }, ...codes.map((code) => h('li', {}, code))),
      h('button', { type: 'button', class: 'primary', click: () => dialog.close() }, 'I have kept them'),
    );
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
