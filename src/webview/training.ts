/** Entry of the training form. */
import './training.css';
import { boot } from './boot';
import { connect } from './host';
import { registerControls } from './toolkit';
import { trainingPage } from './trainingPage';

boot();
registerControls();
const root = document.getElementById('app');
if (root) trainingPage(root, connect());
