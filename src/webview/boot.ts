import * as l10n from '@vscode/l10n';
import type { Boot } from '../protocol';

/** Takes the translations out of the page's boot data. To be called before anything is drawn. */
export function boot(): void {
  const json = document.getElementById('boot')?.textContent;
  if (json === undefined || json === '') return;
  const { l10n: bundle } = JSON.parse(json) as Boot;
  l10n.config({ contents: JSON.stringify(bundle) });
}
