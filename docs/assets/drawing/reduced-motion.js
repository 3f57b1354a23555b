// Whether a reader prefers less motion.
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
