/** What VS Code 1.139 sets on pages in its default themes, of all that our pages and the toolkit ask for. */
import table from './themeColours.json';

export const themeNames = ['dark', 'light', 'highContrast', 'highContrastLight'] as const;
export type ThemeName = (typeof themeNames)[number];

const bodyClasses: Readonly<Record<ThemeName, string>> = {
  dark: 'vscode-dark',
  light: 'vscode-light',
  highContrast: 'vscode-high-contrast',
  highContrastLight: 'vscode-high-contrast vscode-high-contrast-light',
};

export interface Theme {
  /** Inline style of the root element. */
  readonly style: string;
  /** Class of the body. */
  readonly bodyClass: string;
}

export function themeOf(name: ThemeName): Theme {
  const place = themeNames.indexOf(name);
  const declarations = Object.entries(table).flatMap(([variable, values]) => {
    const value = values[place];
    return value === null || value === undefined ? [] : [`--vscode-${variable}: ${value}`];
  });
  return { style: declarations.join('; '), bodyClass: bodyClasses[name] };
}
