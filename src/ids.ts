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
  startTraining: 'earmark.startTraining',
  nextRun: 'earmark.nextRun',
  evaluateQuick: 'earmark.evaluateQuick',
  evaluateFull: 'earmark.evaluateFull',
  attachJob: 'earmark.attachJob',
  stopJob: 'earmark.stopJob',
  cancelJob: 'earmark.cancelJob',
  runJobNext: 'earmark.runJobNext',
  moveJobUp: 'earmark.moveJobUp',
  moveJobDown: 'earmark.moveJobDown',
  resumeJob: 'earmark.resumeJob',
  runInTmux: 'earmark.runInTmux',
  openTmux: 'earmark.openTmux',
  showJobLog: 'earmark.showJobLog',
  copyJobCommand: 'earmark.copyJobCommand',
  exportJob: 'earmark.exportJob',
  createEnvironment: 'earmark.createEnvironment',
  checkEnvironment: 'earmark.checkEnvironment',
  addHost: 'earmark.addHost',
  editHost: 'earmark.editHost',
  removeHost: 'earmark.removeHost',
  testHost: 'earmark.testHost',
  choosePython: 'earmark.choosePython',
  openShell: 'earmark.openShell',
  signIn: 'earmark.signIn',
  verifyHostKey: 'earmark.verifyHostKey',
  fetchCheckpoint: 'earmark.fetchCheckpoint',
} as const;
export type CommandId = (typeof commands)[keyof typeof commands];

export const views = { runs: 'earmark.runs', jobs: 'earmark.jobs', hosts: 'earmark.hosts' } as const;
export const panels = {
  comparison: 'earmark.comparison',
  run: 'earmark.run',
  training: 'earmark.training',
} as const;
export const contexts = {
  hasRuns: 'earmark.hasRuns',
  hasNotes: 'earmark.hasNotes',
  hasJobs: 'earmark.hasJobs',
  hasHosts: 'earmark.hasHosts',
  searching: 'earmark.searching',
} as const;
