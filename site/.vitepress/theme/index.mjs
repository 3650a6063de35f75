// The colours of the page of masters, on the site.
import theme from 'vitepress/theme';
import './style.css';

export default theme;
