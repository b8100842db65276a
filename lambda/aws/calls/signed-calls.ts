/**
 * Signed calls over kept sockets, whose status is all that the caller needs. A call that was refused for the time of its
 * signature is made once more.
 */
import { mayBeClockSkew, serviceTime } from '../service-time';
import { type Call, KeepAliveCalls } from './keep-alive-calls';
import type { Answer } from './pending-call';
import { credentialsIn, type RequestSigner, type SigningRequest } from './request-signer';

export type SignedCall = SigningRequest & Pick<Call, 'body' | 'timeoutMs' | 'waitMs'>;

export class SignedCalls {
  private readonly calls: KeepAliveCalls;

  constructor(
    endpoint: URL,
    maxSockets: number,
    private readonly signer: RequestSigner,
    private readonly env: NodeJS.ProcessEnv,
    private readonly time = serviceTime,
  ) {
    this.calls = new KeepAliveCalls(endpoint, maxSockets);
  }

  async call(call: SignedCall): Promise<Answer> {
    const { answer, isMistimed } = await this.attempt(call);
    return isMistimed && mayBeClockSkew(answer.status) ? (await this.attempt(call)).answer : answer;
  }

  private async attempt(call: SignedCall): Promise<{ answer: Answer; isMistimed: boolean }> {
    const { method, path, body, timeoutMs, waitMs } = call;
    const signedAt = this.time.now();
    const headers = this.signer.sign(call, credentialsIn(this.env), signedAt);
    const answer = await this.calls.call({ method, path, headers, body, timeoutMs, waitMs });
    return { answer, isMistimed: this.time.synchronize(answer.date, signedAt) };
  }
}
