/** Every id that package.json and the code share. A test compares the two, both ways. */

export const commands = {
  refresh: 'earmark.refresh',
  compareOutputs: 'earmark.compareOutputs',
  openRun: 'earmark.openRun',
  openNotes: 'earmark.openNotes',
  addNote: 'earmark.addNote',
  pasteRemarks: 'earmark.pasteRemarks',
  addRunsFolder: 'earmark.addRunsFolder',
  reveal: 'earmark.reveal',
  copyPath: 'earmark.copyPath',
  showLog: 'earmark.showLog',
} as const;
export type CommandId = (typeof commands)[keyof typeof commands];

export const views = { runs: 'earmark.runs' } as const;
export const panels = { comparison: 'earmark.comparison', run: 'earmark.run' } as const;
export const contexts = { hasRuns: 'earmark.hasRuns', searching: 'earmark.searching' } as const;
