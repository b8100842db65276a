/** Reads one JSON document over HTTPS, as issuers publish their keys: sometimes behind a redirect, sometimes with a byte order mark. */

const maxRedirects = 3;

/** `timeoutMs` bounds all redirects together. */
export type FetchJson = (url: string, timeoutMs: number) => Promise<unknown>;

/** @throws Error when there is no answer in time, or one that is neither JSON nor a redirect to an https URL */
export const fetchJson: FetchJson = async (url, timeoutMs) => {
  const signal = AbortSignal.timeout(timeoutMs);
  let address = url;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    if (!address.startsWith('https://')) throw new Error(`${url} leads to an address that is not https`);
    const response = await fetch(address, { redirect: 'manual', signal });
    const location = response.headers.get('location');
    if (response.status === 200) return JSON.parse(await response.text()) as unknown;
    if (response.status < 300 || response.status > 399 || location === null)
      throw new Error(`${url} answers with status ${response.status}`);
    address = new URL(location, address).href;
  }
  throw new Error(`${url} redirects more than ${maxRedirects} times`);
};
