/**
 * Whether the service still knows the connection that a frame came from. One that was taken for gone gets nothing any
 * more, though it is open: its client has to open a new one.
 */
import type { Caller } from '../shared/caller';
import type { ConnectionStore } from '../shared/stores/connection-store';

/** One call. Throws what the store throws. */
export async function hasConnectionRow(
  connections: Pick<ConnectionStore, 'getConnections'>,
  { connectionId }: Pick<Caller, 'connectionId'>,
): Promise<boolean> {
  return (await connections.getConnections([connectionId])).length > 0;
}
