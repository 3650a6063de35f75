// Calls that Apache Mesos does not have: a master of it knows no such type, and says so.

import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import { enumNames } from '../../../model/enum-names.ts';
import {
  type MasterCall,
  MasterCall_Type,
  type MasterResponse,
} from '../../../model/generated/messages.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { Cluster } from './cluster.ts';

const BAD_REQUEST = 400;
const NOT_IMPLEMENTED = 501;
/** A name that an enumeration does not have is dropped on reading, so that the type is missing. */
const UNHEARD_OF = /'type' to be present|enum|unknown/i;

const typeName = enumNames(MasterCall_Type);

/** Rejects with CommandError where the master does not know the call. */
export async function ownCall(cluster: Cluster, call: MasterCall): Promise<MasterResponse> {
  try {
    return await cluster.master(call);
  } catch (error) {
    if (error instanceof CallRefusedError && isUnheardOf(error)) {
      const name = call.type === undefined ? '' : typeName(call.type);
      throw new CommandError(
        EXIT.failed,
        `the master at ${cluster.address} does not know the call ${name}, which Apache Mesos has ` +
          `not (${error.message.trim()}): it takes a master of Mesoscale`,
      );
    }
    throw error;
  }
}

const isUnheardOf = ({ status, message }: CallRefusedError): boolean =>
  status === NOT_IMPLEMENTED || (status === BAD_REQUEST && UNHEARD_OF.test(message));
