import { afterEach, beforeEach, vi } from 'vitest';
import { type Received, type Receiver, startReceiver } from '../../../worlds/http-receiver.ts';

interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

interface Service {
  url: string;
  /** Answers by path, without the size of a page. Of a list, each once, and the last one for all later requests. */
  answers: Record<string, Answer | Answer[]>;
  /** The answer for every other path. */
  other: (request: Received) => Answer;
  asked: Received[];
}

const notFound = () => ({ status: 404, body: { code: 'not-found', detail: 'no' } });

/** The service of the tests in a file, at PORTCULLIS_URL. The commands need neither hub nor passphrase to use it. */
export function serviceOfTests(): Service {
  const service: Service = { url: '', answers: {}, other: notFound, asked: [] };
  let receiver: Receiver;
  const answerTo = (request: Received): Answer => {
    const path = request.path.replace(/\?limit=500.*$/, '');
    const answer = service.answers[path] ?? service.other(request);
    if (!Array.isArray(answer)) return answer;
    return (answer.length > 1 ? answer.shift() : answer[0]) ?? notFound();
  };
  beforeEach(async () => {
    receiver = await startReceiver((request) => {
      const { status = 200, body } = answerTo(request);
      return { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
    });
    Object.assign(service, { url: receiver.url, answers: {}, other: notFound, asked: receiver.received });
    for (const name of ['PORTCULLIS_HUB_ACCOUNT', 'PORTCULLIS_HUB_REGION', 'PULUMI_CONFIG_PASSPHRASE'])
      vi.stubEnv(name, '');
    vi.stubEnv('PORTCULLIS_URL', service.url);
    vi.stubEnv('PORTCULLIS_TOKEN', '');
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await receiver.stop();
  });
  return service;
}
