import { expect, test, vi } from 'vitest';
import { watchImages } from '../../src/cli/execute/image-wait.ts';
import { containerOfImage } from '../../src/cli/framework-container.ts';
import {
  AgentResponse_Type,
  type ContainerInfo,
  ContainerInfo_Type,
  Image_Type,
} from '../../src/model/generated/messages.ts';

const task = (container: ContainerInfo) => ({
  name: 'task',
  task_id: { value: 'task' },
  agent_id: { value: 'agent' },
  container,
});

const IN_DOCKER = { type: ContainerInfo_Type.DOCKER, docker: { image: 'app' } };

test.each([
  ['MESOS', containerOfImage('app')],
  ['DOCKER', IN_DOCKER],
])('a task in a container of type %s says that its image is being pulled', async (_, container) => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const said: string[] = [];
    const pulls = ['app:latest', 'other:latest'].map((name) => ({
      image: { type: Image_Type.DOCKER, name },
    }));
    const agent = {
      agent: async () => ({ type: AgentResponse_Type.GET_IMAGES, get_images: { pulls } }),
    };
    const wait = watchImages(agent, [task(container)], (text) => said.push(text));
    await vi.advanceTimersByTimeAsync(10_000);
    wait?.end();
    expect(said).toEqual([expect.stringMatching(/^Image 'app:latest' is being pulled: [^\n]+$/)]);
  } finally {
    vi.useRealTimers();
  }
});
