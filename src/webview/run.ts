/** Entry of the run page. */
import './styles/run.css';
import { boot } from './boot';
import { connect } from './host';
import { runPage } from './runPage';
import { registerControls } from './toolkit';

boot();
registerControls();
const root = document.getElementById('app');
if (root) runPage(root, connect(), document.documentElement.lang || 'en');
