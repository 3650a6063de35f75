// For vitest's `setupFiles`: everything is on in this worker, and in all that its tests start.
import { ClosedCluster } from './closed-cluster.ts';
import { closedFolder } from './closed-files.ts';

Object.assign(process.env, new ClosedCluster(closedFolder()).environment);
