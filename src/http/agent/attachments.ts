// Requests that are attached to a container: the answer is what its process writes, or the body is
// what it reads, as RecordIO. Neither is read faster than the other side takes it.
import type { ServerResponse } from 'node:http';
import {
  type AgentCall,
  AgentCall_AttachContainerInput_Type as InputType,
  type ProcessIO,
  ProcessIO_Control_Type,
  ProcessIO_Data_Type,
  ProcessIO_Type,
} from '../../model/generated/messages.ts';
import { MAX_WINDOW } from '../../model/launch-fields.ts';
import { timerDelay } from '../../model/timer-delay.ts';
import type { ContainerInput, ContainerOutput } from '../../runtime/pending-requests.ts';
import { writeJson } from '../../wire/json.ts';
import { encodeMessage } from '../../wire/protobuf.ts';
import { encodeRecord } from '../../wire/record-io.ts';
import { types } from '../../wire/types.ts';
import { decodeCall } from '../server/call-codec.ts';
import { type Codec, MEDIA_TYPE_OF, RECORDIO_TYPE } from '../server/content-negotiation.ts';
import { badRequest, conflict, internalServerError } from '../server/error-responses.ts';
import type { RequestRecords } from '../server/request-records.ts';
import { type HttpResponse, OK } from '../server/response.ts';

interface OutputMedia {
  readonly codec: Codec;
  /** Whether the client knows the answer for a stream of records; it is one in any case. */
  readonly isDeclared: boolean;
  readonly heartbeatMs: number;
}

/** Writes the answer until the container, or the client, has ended. */
export async function sendOutput(
  output: ContainerOutput,
  response: ServerResponse,
  { codec, isDeclared, heartbeatMs }: OutputMedia,
): Promise<void> {
  if (response.destroyed) {
    output.close();
    return;
  }
  response.once('close', () => output.close());
  response.writeHead(200, {
    'Content-Type': isDeclared ? RECORDIO_TYPE : MEDIA_TYPE_OF[codec],
    'Transfer-Encoding': 'chunked',
    ...(isDeclared && { 'Message-Content-Type': MEDIA_TYPE_OF[codec] }),
  });
  response.flushHeaders();
  // Each record is a chunk of its own: popular clients take chunks for records.
  const send = (message: ProcessIO) => response.write(recordOf(message, codec));
  const heartbeats = setInterval(() => {
    if (!response.writableNeedDrain) {
      send(heartbeat(heartbeatMs));
    }
  }, timerDelay(heartbeatMs)).unref();
  try {
    for await (const { stream, data } of output) {
      const isTaken = send({
        type: ProcessIO_Type.DATA,
        data: {
          type: stream === 'stdout' ? ProcessIO_Data_Type.STDOUT : ProcessIO_Data_Type.STDERR,
          data,
        },
      });
      if (response.destroyed) {
        // More may have been read already, but no event comes any more that could be awaited.
        break;
      }
      if (!isTaken) {
        await drained(response);
      }
    }
  } finally {
    clearInterval(heartbeats);
  }
  if (output.isWhole) {
    response.end();
  } else {
    // The client sees that something is missing.
    response.destroy();
  }
}

const recordOf = (message: ProcessIO, codec: Codec) =>
  encodeRecord(
    codec === 'json'
      ? Buffer.from(writeJson(types.ProcessIO, message))
      : encodeMessage(types.ProcessIO, message),
  );

const heartbeat = (everyMs: number): ProcessIO => ({
  type: ProcessIO_Type.CONTROL,
  control: {
    type: ProcessIO_Control_Type.HEARTBEAT,
    heartbeat: { interval: { nanoseconds: BigInt(Math.round(everyMs * 1e6)) } },
  },
});

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/** Gives the process what follows the first record, and says how that has ended. */
export async function takeInput(
  input: ContainerInput,
  records: RequestRecords,
  codec: Codec,
): Promise<HttpResponse> {
  // What the process does not read is not waited for when the client has gone.
  records.onBroken(() => input.abort());
  void input.ended.then(() => records.stop());
  let isClosed = false;
  for (;;) {
    const record = await records.next();
    if (record === 'end' || record === 'stopped') {
      input.end();
      return answerTo(await input.ended, isClosed);
    }
    const message = record instanceof Uint8Array ? readInput(record, codec) : record;
    if ('status' in message) {
      input.abort();
      return message;
    }
    if (await give(input, message)) {
      isClosed = true;
    }
  }
}

/** Returns whether the process's input was closed. */
async function give(input: ContainerInput, message: ProcessIO): Promise<boolean> {
  const { data, control } = message;
  if (message.type === ProcessIO_Type.DATA) {
    const bytes = data?.data ?? new Uint8Array(0);
    await (bytes.length === 0 ? input.close() : input.write(bytes));
    return bytes.length === 0;
  }
  const size = control?.tty_info?.window_size;
  if (size !== undefined) {
    await input.resize(size.rows, size.columns);
  }
  return false;
}

/** The record, or why it cannot be one for a process's input. The order is Mesos's. */
function readInput(record: Uint8Array, codec: Codec): ProcessIO | HttpResponse {
  const decoded = decodeCall(types.AgentCall, codec, record, true);
  if ('refusal' in decoded) {
    return decoded.refusal;
  }
  const { attach_container_input: attach } = decoded.call;
  const fault = attachFault(decoded.call);
  const message = attach?.process_io;
  if (fault !== undefined || message === undefined) {
    return badRequest(fault ?? "Expecting 'attach_container_input.process_io' to be present");
  }
  const wrong = messageFault(message);
  return wrong === undefined ? message : badRequest(wrong);
}

function attachFault({ attach_container_input: attach }: AgentCall): string | undefined {
  if (attach === undefined) {
    return "Expecting 'attach_container_input' to be present";
  }
  return attach.type === InputType.PROCESS_IO
    ? undefined
    : `Expecting 'attach_container_input.type' to be 'PROCESS_IO' instead of: '${attach.type ?? 0}'`;
}

function messageFault({ type, data, control }: ProcessIO): string | undefined {
  switch (type) {
    case ProcessIO_Type.DATA:
      return data?.type === ProcessIO_Data_Type.STDIN
        ? undefined
        : "Expecting 'process_io.data.type' to be 'STDIN'";
    case ProcessIO_Type.CONTROL:
      return controlFault(control);
    default:
      return "Expecting 'process_io.type' to be 'DATA' or 'CONTROL'";
  }
}

function controlFault(control: ProcessIO['control']): string | undefined {
  switch (control?.type) {
    case ProcessIO_Control_Type.HEARTBEAT:
      return undefined;
    case ProcessIO_Control_Type.TTY_INFO: {
      const size = control.tty_info?.window_size;
      if (size === undefined) {
        return "Expecting 'process_io.control.tty_info.window_size' to be present";
      }
      return size.rows <= MAX_WINDOW && size.columns <= MAX_WINDOW
        ? undefined
        : `No terminal has ${size.rows} rows and ${size.columns} columns`;
    }
    default:
      return "Expecting 'process_io.control.type' to be 'TTY_INFO' or 'HEARTBEAT'";
  }
}

/** The container ends as the client wanted when it has closed the process's input before. */
function answerTo(end: Awaited<ContainerInput['ended']>, isClosed: boolean): HttpResponse {
  switch (end) {
    case 'taken':
      return OK;
    case 'busy':
      return conflict('Multiple input connections are not allowed');
    case 'noTerminal':
      return badRequest('Unable to set the window size: Inappropriate ioctl for device');
    case 'notRead':
      return internalServerError(
        'Failed to write to the standard input of the process: Broken pipe',
      );
    case 'disconnected':
      return isClosed ? OK : internalServerError('Disconnected');
  }
}
