// A call of the operator API as a line for a shell, so that what the page does can be done, or
// written down, without it. It holds no secret: curl asks for that of the user it names.

interface CurlLine {
  readonly url: string;
  readonly call: object;
  /** Who has signed in; undefined where nobody needs to. */
  readonly user: string | undefined;
  /** Whether the master has been shown a certificate of the browser's. */
  readonly isCertified: boolean;
}

/** As they are called from a principal's folder of `mesoscale secure init`. */
const CERTIFICATES = '--cacert ../../authority.pem --cert certificate.pem --key key.pem';

/** For POSIX shells; the call has printable characters of ASCII only, whatever names it holds. */
export function curlLine({ url, call, user, isCertified }: CurlLine): string {
  return [
    'curl --fail-with-body',
    ...(isCertified ? [CERTIFICATES] : []),
    ...(user === undefined ? [] : [`--user ${quoted(user)}`]),
    `--header 'Content-Type: application/json'`,
    `--data ${quoted(plainJson(call))}`,
    quoted(url),
  ].join(' ');
}

const plainJson = (value: object) =>
  JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
