const cut = '…';

/** Names whose values are secret, wherever they stand; an ARN, an id or a name of a secret is none. */
const secretName =
  /(?:authorization|cookie|password|passphrase|passwd|secret|token|webhook|private_?key|secret_?access_?key|credential)s?$/i;

/** Texts that are secret by their form. Every repetition has an end, so that a hostile text takes no time. */
const secretForms: readonly (readonly [RegExp, string])[] = [
  // Names and passwords in the address of a server: to the last @ before a blank or a quote.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)(?=[^\s"'`<>/]{0,500}:)[^\s"'`<>]{0,2000}@/gi, `$1${cut}@`],
  [/(hooks\.slack(?:-gov)?\.com\/)[^\s"'`<>)]+/gi, `$1${cut}`],
  [/\bxox[a-z](?:\.[a-z]+)?-[\w-]{8,}/gi, cut],
  [/\b(Bearer|Basic)\s+[^\s"'`,;<>]+/gi, `$1 ${cut}`],
  [
    /\b(?<!\barn:[^\s"'`]{0,200})((?:[a-z]+_)*(?:password|passphrase|passwd|pwd|secret|token|secret_?access_?key)\s*[=:]\s*)[^\s"'`,;&<>]+/gi,
    `$1${cut}`,
  ],
  [/([?&](?:X-Amz-(?:Signature|Security-Token|Credential)|Signature|sig)=)[^&\s"'`<>]+/gi, `$1${cut}`],
  // A secret access key: 40 characters of base 64, capitals and small letters among them, which a hash in hex lacks.
  // A line's end before it may have been escaped.
  [
    /(?:(?<![A-Za-z0-9/+])|(?<=\\[nrt]))(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[a-z])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g,
    cut,
  ],
  // A session token of AWS STS.
  [/(?<![A-Za-z0-9/+])(?:IQoJ|FwoG|FQoG|AQoD)[A-Za-z0-9/+]{60,}={0,2}/g, cut],
];

/** Shorter ones would take harmless words out of every line. */
const shortestValue = 8;

/** A secret and the other forms that it is met in. */
const formsOf = (secret: string) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];

/**
 * Takes secrets out of anything that is to be logged: values of secret names at any depth, texts of a secret form, and
 * the given secrets themselves. Numbers, dates and the rest of the structure stay. Pure.
 */
export function redact(secrets: readonly string[] = []): (value: unknown) => unknown {
  const known = [...new Set(secrets.filter(({ length }) => length >= shortestValue).flatMap(formsOf))].sort(
    (a, b) => b.length - a.length,
  );
  const text = (value: string): string => {
    let redacted = value;
    for (const secret of known) redacted = redacted.replaceAll(secret, cut);
    for (const [form, instead] of secretForms) redacted = redacted.replace(form, instead);
    return redacted;
  };
  /** Hides a value of any structure: a list of tokens is as secret as one. */
  const hide = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(hide);
    return typeof value === 'string' ? cut : walk(value);
  };
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    if ('toJSON' in value && typeof value.toJSON === 'function') return walk(value.toJSON());
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        text(name),
        secretName.test(name) ? hide(inner) : walk(inner),
      ]),
    );
  };
  return walk;
}
