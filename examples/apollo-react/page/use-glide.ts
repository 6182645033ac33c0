import { type RefObject, useLayoutEffect, useRef } from "react";

interface Place {
  readonly left: number;
  readonly top: number;
}

/** Lets elements with `data-glide="<key>"` glide from where they were to where they are, into another parent too. */
export function useGlide(container: RefObject<HTMLElement | null>): void {
  const places = useRef(new Map<string, Place>());

  useLayoutEffect(() => {
    if (container.current === null) return;
    const origin = container.current.getBoundingClientRect();
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const next = new Map<string, Place>();
    for (const element of container.current.querySelectorAll<HTMLElement>("[data-glide]")) {
      // Measured where it ends, not on its way.
      for (const animation of element.getAnimations()) if (animation.id === "glide") animation.cancel();
      const { left, top } = element.getBoundingClientRect();
      const place = { left: left - origin.left, top: top - origin.top };
      const key = element.dataset["glide"] ?? "";
      const before = places.current.get(key);
      next.set(key, place);
      if (before === undefined || isStill) continue;
      const [x, y] = [before.left - place.left, before.top - place.top];
      if (x === 0 && y === 0) continue;
      const from = { transform: `translate(${x}px, ${y}px)`, zIndex: x === 0 ? 0 : 1 };
      element.animate([from, { transform: "none", zIndex: from.zIndex }], {
        id: "glide",
        duration: 420,
        easing: "cubic-bezier(0.2, 0.8, 0.2, 1)",
      });
    }
    places.current = next;
  });
}
