/** Entry point of the audit function. */
import { auditRoute } from '../events/audit';

export const handler = auditRoute((line) => {
  process.stdout.write(`${line}\n`);
});
