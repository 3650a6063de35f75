// The Date header, formatted once a second, and the two most frequent responses.

let second = -1;
let date = '';
let accepted = '';
let missing = '';

const NOT_FOUND_BODY = '404 Not Found.';

function refresh(): void {
  const now = Math.floor(Date.now() / 1000);
  if (now === second) {
    return;
  }
  second = now;
  date = new Date(now * 1000).toUTCString();
  accepted = `HTTP/1.1 202 Accepted\r\nDate: ${date}\r\nContent-Length: 0\r\n\r\n`;
  missing =
    `HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nDate: ${date}\r\n` +
    `Content-Length: ${NOT_FOUND_BODY.length}\r\n\r\n${NOT_FOUND_BODY}`;
}

export function httpDate(): string {
  refresh();
  return date;
}

/** A complete `202 Accepted` without a body. */
export function acceptedText(): string {
  refresh();
  return accepted;
}

/** A complete `404 Not Found`. */
export function notFoundText(): string {
  refresh();
  return missing;
}
