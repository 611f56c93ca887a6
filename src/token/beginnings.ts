/**
 * Views of the beginning of a memory, by length. Each is made when first asked for: making one takes as long as what is
 * done with so few bytes. They are all kept, so a memory should have a few thousand bytes at most.
 */
export function beginningsOf(memory: Buffer): (size: number) => Buffer {
  const views: (Buffer | undefined)[] = [];
  return (size) => {
    const made = views[size];
    if (made) return made;
    const view = memory.subarray(0, size);
    views[size] = view;
    return view;
  };
}
