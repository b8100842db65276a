/** What one tenant may use, from the environment. */
import { variables } from '../../contract';
import type { TenantQuotas } from '../../shared/stores/tenant-usage';
import { text } from './env';

export function tenantQuotas(): TenantQuotas {
  // Checked when the stack was synthesized.
  return JSON.parse(text(variables.tenantQuotas)) as TenantQuotas;
}
