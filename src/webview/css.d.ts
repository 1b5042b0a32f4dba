/** esbuild gathers style sheets into the page's own; there is nothing to import from them. */
declare module '*.css' {}
