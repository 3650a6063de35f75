// The site of the documentation. Its pages are those of docs/, as they are; scripts/site.ts copies
// them beside this file and builds. A link that leads nowhere ends the build.
import { defineConfig } from 'vitepress';

const page = (text, name) => ({ text, link: `/docs/${name}` });

const guide = [
  {
    text: 'Begin',
    items: [
      page('The first cluster', 'start'),
      page('Concepts', 'concepts'),
      page('The web page', 'web-page'),
      page('Migrate from Apache Mesos', 'migrate'),
    ],
  },
  {
    text: 'Operate',
    items: [
      page('Masters and agents as services', 'operate'),
      page('Runbook by symptom', 'runbook'),
      page('Close a cluster', 'secure'),
      page('Monitor', 'monitor'),
    ],
  },
  {
    text: 'Containers',
    items: [
      page('What confines tasks', 'containers'),
      page('Images', 'images'),
      page('Networks', 'networks'),
      page('Fetching', 'fetching'),
      page('Type DOCKER', 'docker'),
    ],
  },
  {
    text: 'Build on it',
    items: [
      page('Write a framework', 'write-a-framework'),
      page('Embed the core', 'embed-the-core'),
      { text: 'The core in any language', link: '/asm/README' },
    ],
  },
  {
    text: 'Reference',
    items: [
      page('Commands', 'commands'),
      page('Flags', 'flags'),
      page('HTTP API', 'http-api'),
      page('Versions', 'versioning'),
      page('Compatibility', 'compatibility'),
      { text: 'Benchmarks', link: '/bench/README' },
      { text: 'Changes', link: '/CHANGELOG' },
    ],
  },
];

export default defineConfig({
  title: 'Mesoscale',
  description: 'A cluster manager that speaks the language of Apache Mesos',
  lang: 'en',
  cleanUrls: false,
  // Pages are written for all readers of Markdown: braces are text, and so is what looks like a tag.
  markdown: {
    config: (markdown) => {
      const { text, code_inline: inline } = markdown.renderer.rules;
      const plain =
        (rule) =>
        (tokens, at, ...rest) =>
          rule(tokens, at, ...rest).replaceAll('{{', '&#123;&#123;');
      if (text !== undefined) {
        markdown.renderer.rules.text = plain(text);
      }
      if (inline !== undefined) {
        markdown.renderer.rules.code_inline = plain(inline);
      }
    },
  },
  head: [['link', { rel: 'icon', href: '/mark.svg', type: 'image/svg+xml' }]],
  themeConfig: {
    logo: '/mark.svg',
    nav: [
      { text: 'Start', link: '/docs/start' },
      { text: 'Operate', link: '/docs/operate' },
      { text: 'Reference', link: '/docs/commands' },
    ],
    sidebar: guide,
    outline: [2, 3],
    search: { provider: 'local' },
    notFound: {
      title: 'THIS PAGE IS NOT THERE',
      quote: 'The search finds pages by their words, or begin with the first one.',
      linkText: 'The first page',
    },
    docFooter: { prev: 'Before', next: 'Next' },
  },
});
