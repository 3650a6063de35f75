// The face of this folder: programs load it only where they are told of an ensemble.
export { ZooKeeperContender } from './contender.ts';
export { ZooKeeperDetector } from './detector.ts';
export { Group } from './group.ts';
