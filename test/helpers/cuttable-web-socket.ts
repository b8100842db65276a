/**
 * WebSockets of `ws` that a test can cut, and that can lose what they hear: as a bad network does, on the client's side.
 */
import WebSocket from 'ws';

const goingAway = 1_001;

export class CuttableWebSocket {
  readonly WebSocket;
  /** Connections that ended with a closing handshake which the other side began by going away. */
  closedByPeer = 0;
  private readonly open = new Set<WebSocket>();

  /** `losesText` is asked for every text message that comes in. */
  constructor(losesText: () => boolean = () => false) {
    const { open } = this;
    const wentAway = (): void => {
      this.closedByPeer += 1;
    };
    this.WebSocket = class extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(url, protocols, { perMessageDeflate: false });
        this.on('open', () => open.add(this));
        this.on('close', (code) => {
          open.delete(this);
          if (code === goingAway) wentAway();
        });
      }

      override emit(event: string | symbol, ...args: unknown[]): boolean {
        return event === 'message' && losesText() ? true : super.emit(event, ...args);
      }
    };
  }

  get count(): number {
    return this.open.size;
  }

  /** Drops one connection without a closing handshake: the one at this place among the open ones. */
  cut(index = 0): void {
    [...this.open][index]?.terminate();
  }
}
