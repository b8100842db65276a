/** The events of a simulation, ordered by time: a binary heap. */

export class EventQueue<Event> {
  private readonly heap: { readonly at: number; readonly event: Event }[] = [];

  get isEmpty(): boolean {
    return this.heap.length === 0;
  }

  add(at: number, event: Event): void {
    const { heap } = this;
    let index = heap.length;
    const added = { at, event };
    heap.push(added);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= at) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = added;
  }

  /** The earliest. */
  next(): { readonly at: number; readonly event: Event } | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      const smaller = right !== undefined && right.at < left.at ? right : left;
      if (smaller === right) child += 1;
      if (smaller.at >= last.at) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}
