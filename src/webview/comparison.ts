/** The comparison page: starts it and connects host, keys, sound and screen. */
import './styles/comparison.css';
import { boot } from './boot';
import { Controller } from './controller';
import { connect } from './host';
import { listenToKeys } from './keyboard';
import { layout, type Layout } from './layout';
import { registerControls } from './toolkit';

function start(root: HTMLElement): void {
  boot();
  registerControls();
  const host = connect();
  let screen: Layout | null = null;
  let frame = 0;

  const follow = (): void => {
    frame = 0;
    screen?.move(controller.position);
    if (controller.scene.player === 'playing') frame ||= requestAnimationFrame(follow);
  };
  const controller = new Controller({
    host,
    draw: (scene) => {
      screen?.draw(scene);
      if (frame === 0) follow();
    },
    announce: (text) => screen?.announce(text),
  });
  const page = layout(root, controller);
  screen = page;
  page.draw(controller.scene);

  const openOverview = (open: boolean): void => {
    controller.dispatch({ type: 'overview', open });
    if (open) queueMicrotask(() => page.focusOverview());
  };
  listenToKeys({
    controls: controller,
    lanes: () => controller.scene.lanes,
    duration: () => controller.scene.duration,
    match: () => controller.scene.page.loudnessMatch,
    isOverviewOpen: () => controller.scene.page.overview,
    openOverview,
    focusNote: () => page.focusNote(),
    focusFilter: () => {
      // The filter is not there while the overview is.
      if (controller.scene.page.overview) openOverview(false);
      queueMicrotask(() => page.focusFilter());
    },
    openHelp: () => page.openHelp(),
  });
  document.addEventListener('pointerdown', () => {
    if (controller.isBlocked) controller.unblock();
  });
  window.addEventListener('pagehide', () => controller.saveNow());
  document.addEventListener('visibilitychange', () => controller.saveNow());
  window.addEventListener('error', (event) => host.post({ type: 'log', message: event.message }));
  window.addEventListener('unhandledrejection', (event) =>
    host.post({ type: 'log', message: String(event.reason) }),
  );

  host.onMessage((message) => {
    if (message.type === 'state') {
      if (message.state.kind === 'comparison') controller.takeState(message.state);
    } else if (message.type === 'analysis') controller.takeAnalyses(message.clips);
    else if (message.type === 'notes') controller.dispatch({ type: 'notes', notes: message.notes });
    else if (message.type === 'show') controller.showMoment(message.moment, message.play);
    else page.focusNote();
  });
  host.post({ type: 'ready' });
}

const root = document.getElementById('app');
if (root !== null) start(root);
