/** How much a test that can go on for ever does: little in `npm test`, and more where `LONG=1` says so, as the suite `longer` does. */
export function sized({ usual, long }: { readonly usual: number; readonly long: number }): number {
  return process.env.LONG === '1' ? long : usual;
}
