import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';

const configured = 'correct horse "battery"\\staple';

/** What a logger wrote, line by line, and the logger. */
function recorder() {
  const lines: string[] = [];
  const log = makeLogger('trace', [configured, 'short'], { write: (line) => lines.push(line) });
  const last = () => JSON.parse(lines.at(-1) ?? '');
  return { log, lines, last };
}

const deadLetters = (alphabet: string, minLength: number, maxLength = minLength) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const word = base64.slice(0, 62);

/** A secret, and a text that it is met in. */
const secretText = fc.oneof(
  deadLetters(`${word}%-_.~`, 9, 30).map((it) => ({
    secret: it,
    text: `connect postgres://portcullis:${it}@db.example:5432/p?sslmode=require failed`,
  })),
  deadLetters(`${word}@/:?#%!$&*+=`, 9, 30).map((it) => ({ secret: it, text: `postgresql://u:${it}@db/p` })),
  deadLetters(word, 24).map((it) => ({
    secret: it,
    text: `POST https://hooks.slack.com/services/T0000/B0000/${it} 404`,
  })),
  deadLetters(base64, 38).map((it) => ({ secret: `aA${it}`, text: `AWS_SECRET_ACCESS_KEY=aA${it}` })),
  deadLetters(base64, 38).map((it) => ({ secret: `aA${it}`, text: `signed with\naA${it}\nby us` })),
  deadLetters(base64, 200, 400).map((it) => ({ secret: it, text: `session IQoJ${it}== is over` })),
  deadLetters(`${word}-._~+/`, 16, 60).map((it) => ({ secret: it, text: `Authorization: Bearer ${it}` })),
  deadLetters(word, 24).map((it) => ({ secret: it, text: `slack said invalid_auth to xoxb-1234-${it}` })),
  deadLetters(word, 12).map((it) => ({ secret: it, text: `PULUMI_CONFIG_PASSPHRASE=${it} was refused` })),
  deadLetters(`${word}%`, 60).map((it) => ({
    secret: it,
    text: `https://s3.example/x?a=1&X-Amz-Signature=${it}&b=2`,
  })),
  fc.constant({ secret: configured, text: `it was ${configured}, he said` }),
);

/** The text at a random place of a random structure, under names that say nothing. */
const nested = (text: string) =>
  fc
    .array(fc.oneof(fc.constant(null), fc.constantFrom('a', 'message', 'url', 'detail')), { maxLength: 6 })
    .map((path) =>
      path.reduceRight<unknown>(
        (inner, name) => (name === null ? [1, inner] : { other: true, [name]: inner }),
        text,
      ),
    );

const failing = (text: string, depth: number): Error =>
  depth === 0 ? new Error(text) : new Error(`level ${depth}`, { cause: failing(text, depth - 1) });

const leaks = (lines: readonly string[], secret: string) =>
  lines.filter((line) => [secret, JSON.stringify(secret).slice(1, -1)].some((form) => line.includes(form)));

describe('no secret comes through', () => {
  test('in a message, with or without a format', () => {
    fc.assert(
      fc.property(secretText, ({ secret, text }) => {
        const { log, lines } = recorder();
        log.info(text);
        log.info('said %s and %j', text, { text });
        log.info({ run: 'r' }, text);
        return lines.length === 3 && leaks(lines, secret).length === 0;
      }),
      { numRuns: 500 },
    );
  });

  test('in a nested value, in what a child logger adds, in the name of a field', () => {
    fc.assert(
      fc.property(
        secretText.chain(({ secret, text }) => fc.tuple(fc.constant({ secret, text }), nested(text))),
        ([{ secret, text }, value]) => {
          const { log, lines } = recorder();
          log.info({ value }, 'm');
          log.child({ value }).info('m');
          log.info({ value: { [text]: 1 } }, 'm');
          return leaks(lines, secret).length === 0;
        },
      ),
      { numRuns: 500 },
    );
  });

  test('in an error, its stack, its properties and its causes', () => {
    fc.assert(
      fc.property(secretText, fc.nat({ max: 4 }), ({ secret, text }, depth) => {
        const { log, lines } = recorder();
        const error = failing(text, depth);
        log.error(error);
        log.error({ error }, 'm');
        log.error({ err: Object.assign(new Error('outer'), { config: { url: text } }) });
        log.error({ err: new AggregateError([error], 'several') });
        return lines.length === 4 && leaks(lines, secret).length === 0;
      }),
      { numRuns: 300 },
    );
  });

  test('under a name that says so, at any depth, in any form', () => {
    const names = [
      'token',
      'authorization',
      'Password',
      'sessionToken',
      'secretAccessKey',
      'webhook',
      'tokens',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uuid(), fc.nat({ max: 6 }), (name, secret, depth) => {
        const { log, lines } = recorder();
        for (const value of [secret, [secret], [[secret]]]) {
          let fields: object = { [name]: value };
          for (let level = 0; level < depth; level += 1) fields = { deeper: fields };
          log.info(fields, 'm');
        }
        return lines.length === 3 && leaks(lines, secret).length === 0;
      }),
    );
  });
});

describe('what is no secret stays', () => {
  test('ids, ARNs, hashes, addresses without a password, numbers and times', () => {
    const { log, last } = recorder();
    const fields = {
      key: 'region-300000000001-eu-west-1',
      run: '2b6cfd4e-1c1b-4b7a-9f6e-0d8f1a2b3c4d',
      secretArn: 'arn:aws:secretsmanager:eu-west-1:300000000001:secret:portcullis/slack-Ab12Cd',
      commit: '9fceb02d0ae598e95dc970b74767f19372d61af8',
      digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      url: 'http://127.0.0.1:8420/v1/runs?limit=3',
      nextTokens: 3,
      at: new Date(0).toISOString(),
      short: 'short',
    };
    log.child({ key: fields.key }).info(fields, 'a token of thanks: 12 secrets kept');
    expect(last()).toMatchObject({
      ...fields,
      service: 'portcullis',
      msg: 'a token of thanks: 12 secrets kept',
    });
  });

  test('an error says its type, message and causes', () => {
    const { log, last } = recorder();
    log.error({ error: new TypeError('outer', { cause: new Error('inner') }) }, 'm');
    expect(last()).toMatchObject({ msg: 'm', error: { type: 'TypeError', message: 'outer: inner' } });
  });
});
