// Equality of messages: two are equal if all their fields are.

/** Whether two messages are equal. An absent field equals an undefined one and an empty list. */
export function sameMessage(left: unknown, right: unknown): boolean {
  if (left === right) {
    return true;
  }
  if (isNothing(left) || isNothing(right)) {
    return isNothing(left) && isNothing(right);
  }
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return false;
  }
  if (Array.isArray(left) || Array.isArray(right) || ArrayBuffer.isView(left)) {
    return sameList(left as ArrayLike<unknown>, right as ArrayLike<unknown>);
  }
  return sameFields(left as Fields, right as Fields);
}

type Fields = Record<string, unknown>;

const isNothing = (value: unknown) =>
  value === undefined || (Array.isArray(value) && value.length === 0);

function sameList(left: ArrayLike<unknown>, right: ArrayLike<unknown>): boolean {
  if (left.length !== right.length) {
    return false;
  }
  for (let i = 0; i < left.length; i++) {
    if (!sameMessage(left[i], right[i])) {
      return false;
    }
  }
  return true;
}

function sameFields(left: Fields, right: Fields): boolean {
  for (const key in left) {
    if (!sameMessage(left[key], right[key])) {
      return false;
    }
  }
  for (const key in right) {
    if (!(key in left) && !isNothing(right[key])) {
      return false;
    }
  }
  return true;
}
