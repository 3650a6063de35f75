// The flags of `mesoscale image`.
import { json, list, text, toggle } from '../flags/flag.ts';
import { TLS_FLAGS } from '../process/tls-flags.ts';

export const IMAGE_FLAGS = {
  ...TLS_FLAGS,
  agent: text({
    default: '127.0.0.1:5051',
    placeholder: 'HOST:PORT',
    help: 'Where the agent is.',
  }),
  cached: toggle({
    default: true,
    help: 'pull: an image of that name that is there already will do; without, the registry is asked whether it has another one.',
  }),
  docker_config: json({
    namesSecrets: true,
    help: 'pull: the login of this image, as docker’s config.json or the path of one. It is given from the store to those who come with the same.',
  }),
  exclude: list({ help: 'prune: images that stay.' }),
  help: toggle({ default: false, help: 'Show this text and exit.' }),
  json: toggle({ default: false, help: 'Print what the agent answers, as JSON.' }),
  principal: text({ help: 'The principal that asks.' }),
  secret: text({ secret: true, help: 'The secret that goes with --principal.' }),
} as const;
