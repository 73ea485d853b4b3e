import { h } from './dom.ts';

/** Asks before what can't be undone. The focus is on Cancel, Escape means no, and afterwards it is back where it was. */
export function ask(question: string, action: string): Promise<boolean> {
  return new Promise((resolve) => {
    const answer = (value: string, label: string, look: string) =>
      h('button', { type: 'button', class: look, click: () => dialog.close(value) }, label);
    const dialog = h(
      'dialog',
      { role: 'alertdialog', 'aria-labelledby': 'question' },
      h('p', { id: 'question' }, question),
      h('div', { class: 'answers' }, answer('', 'Cancel', 'quiet'), answer('yes', action, 'danger')),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
