/** Where no Python has torch: the form says so, and offers to make an environment that does. */
import { expect, test } from './support/fixture';

test.setTimeout(1_200_000);

test('an environment is made from the palette, and the form takes it by itself', async ({ workbench }) => {
  const { page } = workbench;
  await workbench.sideBar('Earmark');
  await workbench.command('Earmark: Start Training…');
  const form = await workbench.webview('training');
  await expect(form.locator('.plan-blocked')).toContainText('no torch', { timeout: 60_000 });
  await form.getByRole('button', { name: 'Create Python Environment' }).click();

  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('about 6 GB on disk with CUDA');
  await dialog.getByRole('button', { name: 'Start', exact: true }).click();
  const rows = async (): Promise<string> =>
    (await workbench.tree('Jobs').rows()).map(([text]) => text).join('\n');
  await expect
    .poll(rows, { timeout: 900_000, intervals: [1000] })
    .toMatch(/Install torch and the rest done.*\nMake the environment done/);

  await expect(form.locator('.plan-facts')).toContainText('.venv', { timeout: 60_000 });
  await expect(form.locator('.plan-facts')).toContainText('torch 2.');
  await expect(form.locator('.plan-blocked')).toBeEmpty();
});
