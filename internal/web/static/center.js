// Eases the forms of the Admin Center. Each of them works without it.

// An identifier follows the name as one types, until somebody edits it.
for (const field of document.querySelectorAll('[data-from]')) {
  const source = document.getElementById(field.dataset.from);
  const slug = (text) => text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase()
    .replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  let own = field.value !== '' && field.value !== slug(source.value);
  field.addEventListener('input', () => { own = field.value !== ''; });
  source.addEventListener('input', () => { if (!own) field.value = slug(source.value); });
}

// A copy button is there only where it can work.
for (const button of document.querySelectorAll('button[data-copy]')) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
  });
}
