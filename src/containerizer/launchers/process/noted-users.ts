// Who containers of an earlier agent run as: what it has put on record, or else what their
// sandboxes show.
import { lstatSync } from 'node:fs';
import { parentOf } from '../../../model/container-id.ts';
import type { ContainerId } from '../../../model/ids.ts';
import { UnknownEndError } from '../../containerizer-error.ts';
import { type Identity, type Users, withGroups } from '../../host/users.ts';
import { notedGroups } from '../../records/groups-record.ts';
import { isAbsence } from '../../records/record-file.ts';
import type { RunRecords } from '../../records/run-records.ts';
import { notedInside } from '../../records/user-record.ts';

export interface NotedUsersOptions {
  readonly records: RunRecords;
  readonly users: Users;
  readonly warn: (text: string) => void;
}

export class NotedUsers {
  readonly #options: NotedUsersOptions;

  constructor(options: NotedUsersOptions) {
    this.#options = options;
  }

  /**
   * The user for checks after a restart; undefined: the agent's own. Of a root container of an
   * earlier version it is not on record, but its sandbox belongs to its user, and others cannot put
   * another folder there. Throws UnknownEndError where the user is not known.
   */
  async userOf(id: ContainerId, sandbox: string): Promise<Identity | undefined> {
    const { records } = this.#options;
    let noted: string | undefined;
    try {
      noted = records.noted(id, 'user');
      if (notedInside(records, id) !== undefined) {
        return undefined;
      }
    } catch (error) {
      throw new UnknownEndError(`The user of container ${id} is not known: ${String(error)}`);
    }
    if (noted !== undefined) {
      return noted === '' ? undefined : this.#withId(id, Number(noted));
    }
    if (parentOf(id) !== undefined) {
      throw new UnknownEndError(`The user of container ${id} is not known`);
    }
    return this.#ownerOf(sandbox);
  }

  /** What cannot be read is as in all others. */
  insideOf(id: ContainerId): {
    readonly stopSignal: number | undefined;
    readonly hasUserInside: boolean;
  } {
    const { records, warn } = this.#options;
    try {
      const inside = notedInside(records, id);
      return { stopSignal: inside?.stopSignal, hasUserInside: inside !== undefined };
    } catch (error) {
      warn(`The user within container ${id} is not known: ${String(error)}`);
      return { stopSignal: undefined, hasUserInside: false };
    }
  }

  async #withId(id: ContainerId, uid: number): Promise<Identity | undefined> {
    const { users, records } = this.#options;
    const identity = await users.withId(uid);
    return identity && withGroups(identity, notedGroups(records, id));
  }

  async #ownerOf(sandbox: string): Promise<Identity | undefined> {
    let uid: number | undefined;
    try {
      uid = lstatSync(sandbox).uid;
    } catch (error) {
      if (!isAbsence(error)) {
        throw error;
      }
    }
    return uid === undefined || uid === process.geteuid?.()
      ? undefined
      : this.#options.users.withId(uid);
  }
}
