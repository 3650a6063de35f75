// The life of an offer operation, and which operations the master may count on before the agent
// has confirmed them.
import {
  type Offer_Operation,
  Offer_Operation_Type,
  OperationState,
} from './generated/messages.ts';

export function isTerminalOperation(state: OperationState): boolean {
  switch (state) {
    case OperationState.OPERATION_FINISHED:
    case OperationState.OPERATION_FAILED:
    case OperationState.OPERATION_ERROR:
    case OperationState.OPERATION_DROPPED:
    case OperationState.OPERATION_GONE_BY_OPERATOR:
      return true;
    default:
      return false;
  }
}

/**
 * Whether the master takes the outcome for granted when it accepts the operation, so that later
 * operations can build on it.
 */
export function isSpeculative(operation: Offer_Operation): boolean {
  switch (operation.type) {
    case Offer_Operation_Type.RESERVE:
    case Offer_Operation_Type.UNRESERVE:
    case Offer_Operation_Type.CREATE:
    case Offer_Operation_Type.DESTROY:
    case Offer_Operation_Type.GROW_VOLUME:
    case Offer_Operation_Type.SHRINK_VOLUME:
      return true;
    default:
      return false;
  }
}
